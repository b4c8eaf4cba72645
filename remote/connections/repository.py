"""Saved connections, with encrypted secrets; `connections.json` in the configuration directory is written after each change.

The list that Runicorn 0.5 kept in `config.json` (`ssh_connections`, with an encryption that anybody can reverse) is
imported and removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rest_framework import status

from remote.connections.entry_format import ConnectionProfile, Method, parse_entry, place
from remote.errors import ConfigurationUnavailable, InvalidInput, RemoteError
from remote.models import SavedConnection
from remote.ssh.address import Address
from remote.ssh.credentials import Credentials
from runicorn.message import Message, gettext_noop
from runicorn.settings import user as own
from runicorn.settings.capabilities import require
from runicorn_site.web import encryption
from runicorn_site.web.legacy_files import OLDER_CONNECTIONS, WrittenFile

FILE = WrittenFile("connections.json")
MOST = 200
CEILING = 8 * 1024 * 1024
NEEDED = {
    "password": (("password",), gettext_noop("password: required for password authentication.")),
    "key": (
        ("private_key", "private_key_path"),
        gettext_noop("private_key_path: a key file, or the key as text, is required for key authentication."),
    ),
    "agent": ((), ""),
}
"""Required fields by authentication method, and the error when they are missing."""


class SavedConnectionNotFound(RemoteError):
    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, key: str) -> None:
        super().__init__("Connection not found: {key}", key=key)


def saved_connections() -> list[ConnectionProfile]:
    """Return the saved connections in the order of their creation."""
    with _configuration():
        return [profile for entry in _entries() if (profile := parse_entry(entry)) is not None]


def saved_connection(key: str) -> ConnectionProfile:
    """Return the connection with a key in the format of any release."""
    with _configuration():
        entries = _entries()
    index = place(entries, key)
    profile = None if index is None else parse_entry(entries[index])
    if profile is None:
        raise SavedConnectionNotFound(key)
    return profile


def credentials(profile: ConnectionProfile) -> Credentials:
    """Return the credentials of a saved connection, without a password or passphrase that was not remembered.

    Raises:
        InvalidInput: a secret was encrypted with another key.
    """
    names = {"password": ("password",), "key": ("private_key", "passphrase"), "agent": ()}[
        profile.auth_method
    ]
    secrets: dict[str, str] = {}
    for name in names:
        if name not in profile.sealed:
            continue
        require("saved-passwords")
        with _configuration():
            text = encryption.decrypt(profile.sealed[name])
        if text is None:
            raise InvalidInput(
                name,
                "{name}: the saved value cannot be decrypted. Enter it again and save the connection.",
                name=name,
            )
        secrets[name] = text
    path = profile.private_key_path if profile.auth_method == "key" else None
    return Credentials(**secrets, private_key_path=path, use_agent=profile.auth_method == "agent")


def save_connection(
    *,
    address: Address,
    auth_method: Method,
    name: str = "",
    remember: bool = False,
    private_key_path: str | None = None,
    secrets: dict[str, str] | None = None,
    complete: bool = True,
) -> tuple[ConnectionProfile, bool]:
    """Save a connection, replacing the one to the same address.

    Args:
        auth_method: `password`, `key` or `agent`.
        name: a label for people.
        remember: whether to store secrets; one that is not given keeps its stored value.
        private_key_path: a key file on this machine.
        secrets: `password`, `private_key`, `passphrase`.
        complete: whether everything that the method requires must be given; the rest is asked for before connecting.

    Returns:
        The saved connection, and whether it is new.

    Raises:
        InvalidInput: something that the method requires is missing, or there are too many connections.
    """
    profile = ConnectionProfile(address, name, auth_method, remember, private_key_path)
    new: list[bool] = []

    def change(entries: list[Any]) -> None:
        index = place(entries, profile.key)
        before = None if index is None else parse_entry(entries[index])
        if complete:
            _check(profile, secrets or {}, before)
        record = _encrypt(profile, secrets or {}, before).record()
        new.append(index is None)
        if index is None:
            entries.append(record)
        else:
            entries[index] = record

    _change(change)
    return saved_connection(profile.key), new[0]


def replace_connections(items: Sequence[dict[str, Any]]) -> None:
    """Replace all saved connections; an item without its secret keeps the stored one.

    Args:
        items: objects in the format of `remote/connections/entry_format.py`, with unencrypted secrets.

    Raises:
        InvalidInput: an item has no address, or there are too many.
    """
    requested: dict[str, tuple[ConnectionProfile, dict[str, str]]] = {}
    silent = set()
    for number, item in enumerate(items, start=1):
        profile = parse_entry(item)
        if profile is None:
            raise InvalidInput(
                "connections",
                "connections: number {number} has no valid host, port and username.",
                number=number,
            )
        unwanted = False in (item.get("remember_password"), item.get("rememberPassword"))
        requested[profile.key] = replace(profile, sealed={}, remember=not unwanted), profile.sealed
        if not (
            profile.sealed
            or profile.private_key_path
            or unwanted
            or {"auth_method", "authMethod"} & item.keys()
        ):
            silent.add(profile.key)

    def change(entries: list[Any]) -> None:
        before = {profile.key: profile for entry in entries if (profile := parse_entry(entry)) is not None}
        sealed = {
            key: _encrypt(profile, secrets, before.get(key)) for key, (profile, secrets) in requested.items()
        }
        for key in silent & before.keys():  # the method stays with the secret that it uses
            sealed[key] = replace(sealed[key], auth_method=before[key].auth_method)
        entries[:] = [replace(entry, remember=bool(entry.sealed)).record() for entry in sealed.values()]

    _change(change)


def delete_connection(key: str) -> None:
    """Delete a saved connection and its secrets."""

    def change(entries: list[Any]) -> None:
        index = place(entries, key)
        if index is None:
            raise SavedConnectionNotFound(key)
        del entries[index]

    _change(change)


def _check(profile: ConnectionProfile, secrets: dict[str, str], before: ConnectionProfile | None) -> None:
    """Raise InvalidInput if something that the authentication method requires is missing."""
    names, sentence = NEEDED[profile.auth_method]
    available = {**(before.sealed if before and profile.remember else {}), **secrets}
    if profile.private_key_path:
        available["private_key_path"] = profile.private_key_path
    if names and not any(available.get(name) for name in names):
        raise InvalidInput(names[-1], sentence)


def _encrypt(
    profile: ConnectionProfile, secrets: dict[str, str], before: ConnectionProfile | None
) -> ConnectionProfile:
    if not profile.remember:
        return profile
    stays = before.sealed if before is not None else {}
    return replace(
        profile, sealed=stays | {name: encryption.encrypt(text) for name, text in secrets.items() if text}
    )


def _entries() -> list[Any]:
    return list(SavedConnection.objects.order_by("pk").values_list("entry", flat=True))


def import_file(content: bytes) -> None:
    """Take over the connections in a file of another version."""
    entries = json.loads(content.decode("utf-8-sig"))
    if not isinstance(entries, list):
        raise ValueError("not a list")
    _merge(entries)


def import_older_list() -> None:
    """Move the list in `config.json`; after a kill before its removal it is there twice, and merged again."""
    older = own.read_user_config().get(OLDER_CONNECTIONS)
    if isinstance(older, list) and older:
        with _configuration(), FILE.changing() as write:
            have = _entries()
            _merge([entry for entry in older if _is_new(entry, have)])
            write(_entries())
        own.write_user_config({OLDER_CONNECTIONS: None})


def _is_new(entry: Any, have: list[Any]) -> bool:
    profile = parse_entry(entry)
    return profile is not None and place(have, profile.key) is None


def _merge(entries: list[Any]) -> None:
    """Add entries, replacing those to the same address."""
    merged = _entries()
    for entry in entries:
        profile = parse_entry(entry)
        index = None if profile is None else place(merged, profile.key)
        if index is not None:
            merged[index] = entry
        elif entry not in merged:
            merged.append(entry)
    _store(merged)


def _store(entries: list[Any]) -> list[Any]:
    """Replace the rows; unencrypted secrets are encrypted on the way."""
    sealed = [_encrypted_entry(entry) for entry in entries]
    SavedConnection.objects.all().delete()
    SavedConnection.objects.bulk_create(SavedConnection(entry=entry) for entry in sealed)
    return sealed


def _change(change: Callable[[list[Any]], None]) -> None:
    """Change the entries, and write the file."""
    with _configuration(), FILE.changing() as write:
        entries = [row.entry for row in SavedConnection.objects.select_for_update().order_by("pk")]
        change(entries)
        if len(entries) > MOST:
            raise InvalidInput(
                "connections", "connections: at most {most} connections can be saved.", most=MOST
            )
        if len(json.dumps(entries, ensure_ascii=False)) > CEILING:
            raise InvalidInput(
                "connections",
                "connections: the list is larger than {size} MiB.",
                size=CEILING // 2**20,
            )
        write(_store(entries))


def _encrypted_entry(entry: Any) -> Any:
    profile = parse_entry(entry)
    if profile is None or all(encryption.is_encrypted(text) for text in profile.sealed.values()):
        return entry
    secrets = {name: encryption.decrypt(text) for name, text in profile.sealed.items()}
    # A secret that cannot be decrypted is useless.
    return replace(
        profile, sealed={name: encryption.encrypt(text) for name, text in secrets.items() if text}
    ).record()


@contextmanager
def _configuration() -> Iterator[None]:
    """Convert errors of the configuration directory to `ConfigurationUnavailable`."""
    try:
        yield
    except OSError as error:
        raise ConfigurationUnavailable(error.strerror or Message("unknown reason")) from error
