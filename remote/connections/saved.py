"""The verbs of saved connections: `connections.json` in the configuration directory, whose secrets are encrypted.

The file is the record and short, and it is read whenever it is asked for; there are no rows. What Runicorn 0.5 kept in `config.json`
besides (`ssh_connections`, in an encryption that anybody can undo) is read as well, and moved over with the first change.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rest_framework import status

from remote.connections import encryption
from remote.connections.saved_file import Method, Saved, parsed, place
from remote.errors import ConfigurationUnavailable, InvalidInput, RemoteError
from remote.ssh.address import Address
from remote.ssh.credentials import Credentials
from runicorn import _platform
from runicorn.settings import user as own
from runicorn.settings.capabilities import require
from runicorn.settings.user import PRIVATE_FILE, config_directory

FILE = "connections.json"
OLD_LIST = "ssh_connections"
"""The name of the older list in `config.json`."""
MOST = 200
CEILING = 8 * 1024 * 1024
NEEDED = {
    "password": (("password",), "password: it is needed to log in with a password."),
    "key": (
        ("private_key", "private_key_path"),
        "private_key_path: a key file, or the text of a key, is needed to log in with a key.",
    ),
    "agent": ((), ""),
}
"""What each way to log in cannot do without, and the sentence when it is missing."""
logger = logging.getLogger(__name__)


class SavedConnectionNotFound(RemoteError):
    """No saved connection has that key."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, key: str) -> None:
        super().__init__(f"Connection not found: {key}")


class Damaged(ValueError):
    """The file holds no list."""


def saved_connections() -> list[Saved]:
    """In the order in which they were saved.

    Raises:
        ConfigurationUnavailable: the file is there and cannot be read.
    """
    with _configuration():
        return [saved for entry in _entries() if (saved := parsed(entry)) is not None]


def saved_connection(key: str) -> Saved:
    """The one of that key, in any form that keys ever had.

    Raises:
        SavedConnectionNotFound: there is none.
        ConfigurationUnavailable: the file cannot be read.
    """
    with _configuration():
        entries = _entries()
    index = place(entries, key)
    saved = None if index is None else parsed(entries[index])
    if saved is None:
        raise SavedConnectionNotFound(key)
    return saved


def credentials(saved: Saved) -> Credentials:
    """What a saved connection logs in with; a password or passphrase that was not remembered is left out.

    Raises:
        InvalidInput: a secret was encrypted with a key that is not there any more.
        ConfigurationUnavailable: the key of the encryption cannot be read.
    """
    wanted = {"password": ("password",), "key": ("private_key", "passphrase"), "agent": ()}[saved.auth_method]
    opened: dict[str, str] = {}
    for name in wanted:
        if name not in saved.sealed:
            continue
        require("saved-passwords")
        with _configuration():
            text = encryption.unseal(saved.sealed[name])
        if text is None:
            raise InvalidInput(
                name, f"{name}: what was saved cannot be decrypted any more. Enter it once more and save it."
            )
        opened[name] = text
    path = saved.private_key_path if saved.auth_method == "key" else None
    return Credentials(**opened, private_key_path=path, use_agent=saved.auth_method == "agent")


def save_connection(
    *,
    address: Address,
    auth_method: Method,
    name: str = "",
    remember: bool = False,
    private_key_path: str | None = None,
    secrets: dict[str, str] | None = None,
    complete: bool = True,
) -> tuple[Saved, bool]:
    """Save a connection, in place of the one to the same address.

    Args:
        address: whom it is to.
        auth_method: `password`, `key` or `agent`.
        name: what a person calls it.
        remember: whether secrets are kept; one that is not given anew stays as it was.
        private_key_path: a key file on this machine.
        secrets: `password`, `private_key`, `passphrase`.
        complete: whether what the method needs has to be there. What is not is asked for before connecting.

    Returns:
        What is saved, and whether it is new.

    Raises:
        InvalidInput: what the method needs is missing, or there are too many.
        ConfigurationUnavailable: it could not be written; nothing was changed.
    """
    saved = Saved(address, name, auth_method, remember, private_key_path)
    new: list[bool] = []

    def change(entries: list[Any]) -> None:
        index = place(entries, saved.key)
        before = None if index is None else parsed(entries[index])
        if complete:
            _check(saved, secrets or {}, before)
        record = _sealed(saved, secrets or {}, before).record()
        new.append(index is None)
        if index is None:
            entries.append(record)
        else:
            entries[index] = record

    _change(change)
    return saved_connection(saved.key), new[0]


def replace_connections(items: Sequence[dict[str, Any]]) -> None:
    """Save these connections and forget all others; one that comes without its secret keeps the stored one.

    Args:
        items: objects as `remote/connections/saved_file.py` describes them, secrets in the clear.

    Raises:
        InvalidInput: one of them has no address, or there are too many.
        ConfigurationUnavailable: they could not be written; nothing was changed.
    """
    given: dict[str, tuple[Saved, dict[str, str]]] = {}
    silent = set()
    for number, item in enumerate(items, start=1):
        saved = parsed(item)
        if saved is None:
            raise InvalidInput(
                "connections", f"connections: number {number} has no valid host, port and username."
            )
        unwanted = False in (item.get("remember_password"), item.get("rememberPassword"))
        given[saved.key] = replace(saved, sealed={}, remember=not unwanted), saved.sealed
        if not (
            saved.sealed or saved.private_key_path or unwanted or {"auth_method", "authMethod"} & item.keys()
        ):
            silent.add(saved.key)

    def change(entries: list[Any]) -> None:
        before = {known.key: known for entry in entries if (known := parsed(entry)) is not None}
        sealed = {key: _sealed(saved, secrets, before.get(key)) for key, (saved, secrets) in given.items()}
        for key in silent & before.keys():  # how to log in stays with what it is done with
            sealed[key] = replace(sealed[key], auth_method=before[key].auth_method)
        entries[:] = [replace(one, remember=bool(one.sealed)).record() for one in sealed.values()]

    _change(change)


def forget_connection(key: str) -> None:
    """Forget a saved connection and its secrets.

    Raises:
        SavedConnectionNotFound: there is none of that key.
        ConfigurationUnavailable: the file could not be written; nothing was changed.
    """

    def change(entries: list[Any]) -> None:
        index = place(entries, key)
        if index is None:
            raise SavedConnectionNotFound(key)
        del entries[index]

    _change(change)


def _check(saved: Saved, secrets: dict[str, str], before: Saved | None) -> None:
    """See that the connection has all that its method needs."""
    names, sentence = NEEDED[saved.auth_method]
    kept = {**(before.sealed if before and saved.remember else {}), **secrets}
    if saved.private_key_path:
        kept["private_key_path"] = saved.private_key_path
    if names and not any(kept.get(name) for name in names):
        raise InvalidInput(names[-1], sentence)


def _sealed(saved: Saved, secrets: dict[str, str], before: Saved | None) -> Saved:
    if not saved.remember:
        return saved
    stays = before.sealed if before is not None else {}
    return replace(
        saved, sealed=stays | {name: encryption.seal(text) for name, text in secrets.items() if text}
    )


# The file


def _entries() -> list[Any]:
    """What the file holds, and what `config.json` of Runicorn 0.5 holds besides."""
    entries = _read()
    for entry in _older():
        older = parsed(entry)
        if older is not None and place(entries, older.key) is None:
            entries.append(entry)
    return entries


def _read() -> list[Any]:
    try:
        raw = _platform.read_regular(config_directory() / FILE, CEILING + 1, follow_links=True)
    except FileNotFoundError:
        return []
    if len(raw) > CEILING:
        raise OSError(errno.EFBIG, f"{FILE} is too large")
    try:
        entries = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Damaged from None
    if not isinstance(entries, list):
        raise Damaged
    return entries


def _older() -> list[Any]:
    older = own.read_user_config().get(OLD_LIST)
    return older if isinstance(older, list) else []


def _change(change: Callable[[list[Any]], None]) -> None:
    """Read, change and replace the file while no other process does; secrets in the clear are sealed on the way."""
    with _configuration():
        path = config_directory() / FILE
        with _platform.file_lock(path.with_name(f".{FILE}.lock")):
            entries = _readable_entries(path)
            change(entries)
            if len(entries) > MOST:
                raise InvalidInput("connections", f"connections: more than {MOST} are not kept.")
            text = json.dumps([_closed(entry) for entry in entries], indent=2, ensure_ascii=False)
            content = text.encode("utf-8", "replace")
            if len(content) > CEILING:
                raise InvalidInput(
                    "connections", f"connections: more than {CEILING // 2**20} MiB are not kept."
                )
            _platform.replace_file(Path(os.path.realpath(path)), content, PRIVATE_FILE)
        if _older():  # only now: a crash before this leaves both
            own.write_user_config({OLD_LIST: None})


def _closed(entry: Any) -> Any:
    saved = parsed(entry)
    if saved is None or all(encryption.is_sealed(text) for text in saved.sealed.values()):
        return entry
    opened = {name: encryption.unseal(text) for name, text in saved.sealed.items()}
    # What cannot be opened any more is of no use to anybody.
    return replace(
        saved, sealed={name: encryption.seal(text) for name, text in opened.items() if text}
    ).record()


def _readable_entries(path: Path) -> list[Any]:
    """What is saved; a file that is none is put aside, where a person may look at it."""
    try:
        return _entries()
    except Damaged:
        aside = path.with_name(f"{FILE}.damaged-{int(time.time())}")
        os.replace(path, aside)
        logger.warning("%s was damaged and is now %s", path, aside)
        return _entries()


@contextmanager
def _configuration() -> Iterator[None]:
    """Turn what the configuration directory says no to into an answer."""
    try:
        yield
    except Damaged:
        raise ConfigurationUnavailable(
            f"{FILE} is damaged. Saving a connection puts it aside and begins anew"
        ) from None
    except OSError as error:
        raise ConfigurationUnavailable(error.strerror or "unknown reason") from error
