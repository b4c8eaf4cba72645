"""Which keys the hosts have: `known_hosts` in the configuration directory, and what hosts showed a moment ago.

The system's own `known_hosts` is never looked into: what is trusted here is what somebody accepted here.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from remote.errors import HostKeyConflict, HostUnreachable
from remote.ssh import known_hosts as hosts_file
from remote.ssh.known_hosts import HostKey
from runicorn import _platform
from runicorn.api.responses.remote import PresentedHostKey
from runicorn.settings.user import PRIVATE_FILE, config_directory

FILE = "known_hosts"
REMEMBERED = 600.0
"""Seconds for which a key that a host showed may be accepted."""
MOST_SHOWN = 1000
CEILING = 4 * 1024 * 1024
logger = logging.getLogger(__name__)

_shown: dict[tuple[str, int, HostKey], float] = {}
_guard = threading.Lock()


def path() -> Path:
    """The file.

    Raises:
        OSError: there is no configuration directory and it cannot be made.
    """
    return config_directory() / FILE


def read() -> str:
    """The content of the file; nothing when it is missing.

    Raises:
        OSError: it is there and cannot be read: then no host is known, and none may be taken for new either.
    """
    try:
        raw = _platform.read_regular(path(), CEILING + 1, follow_links=True)
    except FileNotFoundError:
        return ""
    if len(raw) > CEILING:
        raise OSError(errno.EFBIG, "known_hosts is too large")
    # Bytes that are no UTF-8 are in comments: they are to come out as they went in.
    return raw.decode("utf-8", "surrogateescape")


def known(host: str, port: int) -> list[HostKey]:
    """The keys that a host is known by.

    Raises:
        HostUnreachable: `known_hosts` cannot be read.
    """
    return hosts_file.keys_of(content(), host, port)


def content() -> str:
    """The content of the file, for a host that is to be verified.

    Raises:
        HostUnreachable: it cannot be read.
    """
    try:
        return read()
    except OSError as error:
        logger.warning("known_hosts cannot be read: %s", error)
        raise HostUnreachable(
            "The file known_hosts of the viewer's configuration cannot be read, so no host can be verified."
        ) from error


def judge(known_hosts: str, host: str, port: int, shown: HostKey) -> None:
    """Take the key that a host shows, or remember it and say what is the matter.

    Args:
        known_hosts: the content of the file.
        host: as in an address.
        port: of its SSH server.
        shown: its key.

    Raises:
        HostKeyConflict: it is unknown or not the one the host is known by.
        HostUnreachable: it is marked as revoked.
    """
    if hosts_file.revoked(known_hosts, shown):
        raise HostUnreachable(
            f"The key of {host} is marked as revoked in known_hosts: this may be another machine. "
            "Ask whoever runs it."
        )
    keys = hosts_file.keys_of(known_hosts, host, port)
    if shown in keys:
        return
    _remember(host, port, shown)
    expected = next((key for key in keys if key.key_type == shown.key_type), keys[0] if keys else None)
    raise HostKeyConflict(conflict(host, port, shown, expected))


def conflict(host: str, port: int, shown: HostKey, expected: HostKey | None) -> PresentedHostKey:
    """The object that tells of a key: what the host shows, and what it was expected to show, if anything was."""
    presented: PresentedHostKey = {
        "host": host,
        "port": port,
        "known_hosts_host": hosts_file.host_name(host, port),
        "key_type": shown.key_type,
        "fingerprint_sha256": shown.fingerprint,
        "public_key": shown.text,
        "reason": "changed" if expected else "unknown",
    }
    if expected is not None:
        presented["expected_fingerprint_sha256"] = expected.fingerprint
        presented["expected_public_key"] = expected.text
    return presented


def _remember(host: str, port: int, key: HostKey) -> None:
    now = time.monotonic()
    with _guard:
        for place in [place for place, when in _shown.items() if now - when > REMEMBERED]:
            del _shown[place]
        if len(_shown) >= MOST_SHOWN:
            del _shown[min(_shown, key=lambda place: _shown[place])]
        _shown[host, port, key] = now


def was_shown(host: str, port: int, key: HostKey) -> bool:
    """Whether the host showed this key within the last minutes."""
    with _guard:
        when = _shown.get((host, port, key))
    return when is not None and time.monotonic() - when <= REMEMBERED


def accept(host: str, port: int, key: HostKey) -> None:
    """Write a key into the file, in place of the host's others of its type and of a changed one.

    Raises:
        OSError: it could not be written; the file is as it was.
    """

    def change(content: str) -> str:
        # A key of another type would go on being expected, and the host would be "changed" for ever.
        for other in hosts_file.keys_of(content, host, port):
            content = hosts_file.without_key(content, host, port, other.key_type)
        return hosts_file.with_key(content, host, port, key)

    _rewrite(change)


def remove(host: str, port: int, key_type: str) -> bool:
    """Forget the host's keys of a type; whether there were any.

    Raises:
        OSError: it could not be written; the file is as it was.
    """
    return _rewrite(lambda content: hosts_file.without_key(content, host, port, key_type))


def _rewrite(change: Callable[[str], str]) -> bool:
    """Replace the file by what `change` makes of it, while no other process does; whether anything changed."""
    target = path()
    with _platform.file_lock(target.with_name(f".{FILE}.lock")):
        before = read()
        after = change(before)
        if after == before:
            return False
        content = after.encode("utf-8", "surrogateescape")
        _platform.replace_file(Path(target.resolve()), content, PRIVATE_FILE)
    return True
