"""Format of `connections.json`: a list of objects, one for each saved connection. No Django.

    [{"host": "gpu.example.org", "port": 22, "username": "me", "name": "the big one", "auth_method": "password",
      "remember_password": true, "password": "gAAAAA…"}]

Runicorn 0.5 wrote whatever fields its pages had, so camel-case names are accepted and unknown fields kept. The secrets
(`SECRETS`) are encrypted by `runicorn_site/web/encryption.py`; an object without an address is kept unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from remote.ssh.address import SSH_PORT, Address, InvalidAddress, address
from runicorn.json_value import JsonObject

if TYPE_CHECKING:
    from runicorn.api.responses.remote import SavedConnection

Method = Literal["password", "key", "agent"]
METHODS: tuple[Method, ...] = get_args(Method)
SECRETS = ("password", "private_key", "passphrase")
OWN = ("host", "port", "username", "name", "auth_method", "remember_password", "private_key_path", *SECRETS)
OTHER_NAMES = {
    "user": "username",
    "authMethod": "auth_method",
    "rememberPassword": "remember_password",
    "privateKeyPath": "private_key_path",
    "privateKey": "private_key",
}
TOLD = ("key", "has_password", "has_private_key", "has_passphrase")
"""Fields that responses add to an object; ignored when read from a file."""
_SECRET_WORDS = ("password", "passphrase", "secret", "token", "credential", "private")


@dataclass(frozen=True, repr=False)
class ConnectionProfile:
    address: Address
    name: str = ""
    auth_method: Method = "agent"
    remember: bool = True
    private_key_path: str | None = None
    sealed: dict[str, str] = field(default_factory=dict)
    """Encrypted values by the names of `SECRETS`."""
    more: dict[str, Any] = field(default_factory=dict)
    """Additional fields of the object."""

    def __repr__(self) -> str:
        """Omit the secrets, encrypted ones too."""
        return f"ConnectionProfile({self.key})"

    @property
    def key(self) -> str:
        """`user@host:port@user`, the id of a saved connection."""
        return f"{self.address.id}@{self.address.username}"

    def record(self) -> JsonObject:
        return {
            **self.more,
            "host": self.address.host,
            "port": self.address.port,
            "username": self.address.username,
            "name": self.name,
            "auth_method": self.auth_method,
            "remember_password": self.remember,
            **({"private_key_path": self.private_key_path} if self.private_key_path else {}),
            **self.sealed,
        }

    def to_dict(self) -> SavedConnection:
        """Serialize for the API, with flags in place of the secrets."""
        return {
            "key": self.key,
            "host": self.address.host,
            "port": self.address.port,
            "username": self.address.username,
            "name": self.name,
            "auth_method": self.auth_method,
            "remember_password": self.remember,
            "private_key_path": self.private_key_path,
            "has_password": "password" in self.sealed,
            "has_private_key": "private_key" in self.sealed,
            "has_passphrase": "passphrase" in self.sealed,
        }


def parse_entry(entry: object) -> ConnectionProfile | None:
    """Parse an object of the file; return None if it has no valid address."""
    if not isinstance(entry, dict):
        return None
    fields: dict[str, Any] = {OTHER_NAMES.get(str(name), str(name)): value for name, value in entry.items()}
    try:
        where = address(str(fields.get("host", "")), _port(fields), str(fields.get("username", "")))
    except InvalidAddress:
        return None
    sealed = {name: fields[name] for name in SECRETS if isinstance(fields.get(name), str) and fields[name]}
    path = fields.get("private_key_path")
    return ConnectionProfile(
        where,
        name=fields["name"] if isinstance(fields.get("name"), str) else "",
        auth_method=_method(fields),
        remember=fields.get("remember_password", bool(sealed)) is True,
        private_key_path=path if isinstance(path, str) and path else None,
        sealed=sealed,
        more={name: value for name, value in fields.items() if name not in OWN + TOLD and not _secret(name)},
    )


def _port(fields: dict[str, Any]) -> int:
    port = fields.get("port", SSH_PORT)
    return port if type(port) is int else -1


def _method(fields: dict[str, Any]) -> Method:
    for method in METHODS:
        if fields.get("auth_method") == method:
            return method
    if fields.get("private_key") or fields.get("private_key_path"):
        return "key"
    return "password" if fields.get("password") else "agent"


def _secret(name: str) -> bool:
    """Return whether an unknown field may contain a secret, which is neither shown nor stored unencrypted."""
    return any(word in name.lower() for word in _SECRET_WORDS)


def place(entries: Iterable[object], key: str) -> int | None:
    """Return the index of the connection with a key in the format of any release, or None.

    Args:
        key: `user@host:port@user`, `user@host:port`, or `host:port@user`.
    """
    for index, entry in enumerate(entries):
        profile = parse_entry(entry)
        if profile is not None and key in _keys(profile):
            return index
    return None


def _keys(profile: ConnectionProfile) -> tuple[str, ...]:
    there = profile.address.id.removeprefix(f"{profile.address.username}@")
    return profile.key, profile.address.id, f"{there}@{profile.address.username}"
