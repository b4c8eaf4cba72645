"""The form of a login: what a person typed, read into an address and credentials. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remote.connections.saved_file import SECRETS, Method, Saved
from remote.ssh import address as addresses
from remote.ssh.address import Address, InvalidAddress
from remote.ssh.credentials import Credentials

WAYS = ("password", "key_file", "key_text", "agent")
METHODS: dict[str, Method] = {"password": "password", "key_file": "key", "key_text": "key", "agent": "agent"}
"""How the ways of the form are called where connections are saved."""
LENGTHS = {"password": 1024, "passphrase": 1024, "private_key": 65536, "private_key_path": 4096, "name": 200}
_NEEDED = {
    "password": ("password", "Enter the password."),
    "key_file": ("private_key_path", "Enter the path of the key file on the machine of this viewer."),
    "key_text": ("private_key", "Paste the whole text of the key, from BEGIN to END."),
}
_OF_A_WAY = {
    "password": ("password",),
    "key_file": ("passphrase",),
    "key_text": ("private_key", "passphrase"),
    "agent": (),
}


class Unfit(ValueError):
    """Something typed makes no sense; `field` is its name, the text a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, repr=False)
class Login:
    """Who wants in where, with what, and whether that is to be saved."""

    address: Address
    way: str
    name: str = ""
    path: str = ""
    """Of a key file."""
    secrets: dict[str, str] = field(default_factory=dict)
    """By the names of `SECRETS`, in the clear."""
    keep: bool = False
    remember: bool = False

    def __repr__(self) -> str:
        """Nothing of a secret."""
        return f"Login({self.address.id})"

    @property
    def method(self) -> Method:
        """As saved connections call it."""
        return METHODS[self.way]

    @property
    def credentials(self) -> Credentials:
        """What the host is shown."""
        path = self.path if self.way == "key_file" else None
        return Credentials(**self.secrets, private_key_path=path, use_agent=self.way == "agent")

    @property
    def lacks(self) -> tuple[str, str] | None:
        """The field that is missing and a sentence; `None` when a connection can be tried."""
        if self.way not in _NEEDED:
            return None
        needed, sentence = _NEEDED[self.way]
        there = self.path if needed == "private_key_path" else self.secrets.get(needed)
        return None if there else (needed, sentence)

    def shown(self) -> dict[str, Any]:
        """What a form may show of it again: no secret."""
        return {
            "host": self.address.host,
            "port": self.address.port,
            "username": self.address.username,
            "name": self.name,
            "way": self.way,
            "private_key_path": self.path,
            "keep": self.keep,
            "remember": self.remember,
        }


def of_saved(saved: Saved, credentials: Credentials) -> Login:
    """The login of a saved connection with what was remembered of it."""
    way: str = saved.auth_method
    if way == "key":
        way = "key_text" if "private_key" in saved.sealed or not saved.private_key_path else "key_file"
    found = {name: getattr(credentials, name) for name in SECRETS}
    return Login(
        saved.address,
        way,
        saved.name,
        saved.private_key_path or "",
        {name: text for name, text in found.items() if text and name in _OF_A_WAY[way]},
        remember=saved.remember,
    )


def read(form: Mapping[str, str], before: Login | None = None) -> Login:
    """What was typed.

    Args:
        form: the fields by their names.
        before: a login to the same address, whose secrets stand in for those that were left empty.

    Raises:
        Unfit: a field makes no sense. That a secret is missing is said by `Login.lacks`.
    """
    for name, length in LENGTHS.items():
        if len(form.get(name, "")) > length:
            raise Unfit(name, f"This is longer than {length:,} characters.")
    way = form.get("way", "password")
    if way not in WAYS:
        raise Unfit("way", "Choose how to log in.")
    address = _address(form)
    typed = {name: form.get(name, "") for name in _OF_A_WAY[way]}
    if "private_key" in typed:
        typed["private_key"] = typed["private_key"].replace("\r\n", "\n")
    same = before is not None and before.address == address and before.method == METHODS[way]
    known = before.secrets if before is not None and same else {}
    secrets = {name: text or known.get(name, "") for name, text in typed.items()}
    return Login(
        address,
        way,
        form.get("name", "").strip(),
        form.get("private_key_path", "").strip() if way == "key_file" else "",
        {name: text for name, text in secrets.items() if text},
        keep="keep" in form,
        remember="remember" in form,
    )


def _address(form: Mapping[str, str]) -> Address:
    port = form.get("port", "").strip() or str(addresses.SSH_PORT)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5):
        raise Unfit("port", "A port is a number from 1 to 65535.")
    try:
        return addresses.address(form.get("host", "").strip(), int(port), form.get("username", "").strip())
    except InvalidAddress as error:
        raise Unfit(error.field, sentence_of(str(error))) from error


def sentence_of(text: str) -> str:
    """A sentence without the name of its field in front: the form shows it beside the field."""
    name, colon, rest = text.partition(": ")
    bare = rest if colon and name.isidentifier() else text
    return bare[:1].upper() + bare[1:]
