"""Host keys: `known_hosts` in the configuration directory, and the keys that hosts presented recently.

The user's own `known_hosts` is never read: only keys that were accepted in this program are trusted.
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
ACCEPT_SECONDS = 600.0
"""Seconds for which a presented key may be accepted."""
MOST_SHOWN = 1000
CEILING = 4 * 1024 * 1024
logger = logging.getLogger(__name__)

_presented: dict[tuple[str, int, HostKey], float] = {}
_guard = threading.Lock()


def path() -> Path:
    """Return the path of the file.

    Raises:
        OSError: there is no configuration directory and it cannot be created.
    """
    return config_directory() / FILE


def read() -> str:
    """Return the content of the file, empty if it is missing.

    Raises:
        OSError: the file cannot be read; then no host may be treated as unknown either.
    """
    try:
        raw = _platform.read_regular(path(), CEILING + 1, follow_links=True)
    except FileNotFoundError:
        return ""
    if len(raw) > CEILING:
        raise OSError(errno.EFBIG, "known_hosts is too large")
    # Bytes that are not UTF-8 occur in comments and must be written back unchanged.
    return raw.decode("utf-8", "surrogateescape")


def trusted_keys(host: str, port: int) -> list[HostKey]:
    """Return the trusted keys of a host.

    Raises:
        HostUnreachable: `known_hosts` cannot be read.
    """
    return hosts_file.keys_of(content(), host, port)


def content() -> str:
    """Return the content of the file for the verification of a host.

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


def verify(known_hosts: str, host: str, port: int, presented: HostKey) -> None:
    """Verify the key that a host presents; remember an unknown or changed one for the user to accept.

    Args:
        known_hosts: content of the file.
        host: as in an address.
        port: of its SSH server.
        presented: its key.

    Raises:
        HostKeyConflict: the key is unknown or has changed.
        HostUnreachable: the key is marked as revoked.
    """
    if hosts_file.revoked(known_hosts, presented):
        raise HostUnreachable(
            "The key of {host} is marked as revoked in known_hosts; this may be another host. Ask its "
            "administrator.",
            host=host,
        )
    keys = hosts_file.keys_of(known_hosts, host, port)
    if presented in keys:
        return
    _remember(host, port, presented)
    expected = next((key for key in keys if key.key_type == presented.key_type), keys[0] if keys else None)
    raise HostKeyConflict(conflict(host, port, presented, expected))


def conflict(host: str, port: int, presented: HostKey, expected: HostKey | None) -> PresentedHostKey:
    """Return the object that describes a conflict: the presented key, and the trusted one if there is one."""
    result: PresentedHostKey = {
        "host": host,
        "port": port,
        "known_hosts_host": hosts_file.host_name(host, port),
        "key_type": presented.key_type,
        "fingerprint_sha256": presented.fingerprint,
        "public_key": presented.text,
        "reason": "changed" if expected else "unknown",
    }
    if expected is not None:
        result["expected_fingerprint_sha256"] = expected.fingerprint
        result["expected_public_key"] = expected.text
    return result


def _remember(host: str, port: int, key: HostKey) -> None:
    now = time.monotonic()
    with _guard:
        for place in [place for place, when in _presented.items() if now - when > ACCEPT_SECONDS]:
            del _presented[place]
        if len(_presented) >= MOST_SHOWN:
            del _presented[min(_presented, key=lambda place: _presented[place])]
        _presented[host, port, key] = now


def was_presented(host: str, port: int, key: HostKey) -> bool:
    """Return whether the host presented this key within the last ten minutes."""
    with _guard:
        when = _presented.get((host, port, key))
    return when is not None and time.monotonic() - when <= ACCEPT_SECONDS


def accept(host: str, port: int, key: HostKey) -> None:
    """Write a key to the file, replacing the host's other keys of its type and a changed one.

    Raises:
        OSError: the file could not be written and is unchanged.
    """

    def change(content: str) -> str:
        # A remaining key of another type would still be expected and the host reported as changed forever.
        for other in hosts_file.keys_of(content, host, port):
            content = hosts_file.without_key(content, host, port, other.key_type)
        return hosts_file.with_key(content, host, port, key)

    _rewrite(change)


def remove(host: str, port: int, key_type: str) -> bool:
    """Remove the host's keys of one type; return whether there were any.

    Raises:
        OSError: the file could not be written and is unchanged.
    """
    return _rewrite(lambda content: hosts_file.without_key(content, host, port, key_type))


def _rewrite(change: Callable[[str], str]) -> bool:
    """Replace the file by `change(content)` under a lock; return whether anything changed."""
    target = path()
    with _platform.file_lock(target.with_name(f".{FILE}.lock")):
        before = read()
        after = change(before)
        if after == before:
            return False
        content = after.encode("utf-8", "surrogateescape")
        _platform.replace_file(Path(target.resolve()), content, PRIVATE_FILE)
    return True
