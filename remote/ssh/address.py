"""Addresses of SSH users and hosts, validated before any network access. No Django."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

from runicorn.message import Message

SSH_PORT = 22
LONGEST_NAME = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_SCOPE = re.compile(r"[A-Za-z0-9._-]{1,15}")
_ID = re.compile(r"(?P<username>.+)@(?P<host>\[[^\[\]]+\]|[^\[\]:@]+):(?P<port>\d{1,5})", re.DOTALL)


class InvalidAddress(ValueError):
    """An invalid part of an address; `field` is its name, the text a sentence about it."""

    def __init__(self, field: str, sentence: str, **values: object) -> None:
        super().__init__(Message(sentence, **values))
        self.field = field


@dataclass(frozen=True)
class Address:
    """A user on a host, at the port of its SSH server. `host` is lowercase, an IPv6 address without brackets."""

    host: str
    port: int
    username: str

    @property
    def id(self) -> str:
        """`user@host:port`, the id of a connection; an IPv6 address is in brackets."""
        return f"{self.username}@{bracketed(self.host)}:{self.port}"


def address(host: str, port: int, username: str) -> Address:
    """Return a validated address.

    Raises:
        InvalidAddress: the host, the port or the username is invalid.
    """
    if not 1 <= port <= 65535:
        raise InvalidAddress("port", "port: must be a number from 1 to 65535.")
    return Address(checked_host(host), port, checked_username(username))


def from_id(text: str) -> Address:
    """Parse a connection id."""
    match = _ID.fullmatch(text)
    try:
        if match is None:
            raise InvalidAddress("connection_id", "")
        return address(match["host"], int(match["port"]), match["username"])
    except InvalidAddress as error:
        sentence = Message(
            "Invalid connection_id format: {text}. Expected format: user@host:port", text=text[:300]
        )
        raise InvalidAddress("connection_id", sentence) from error


def bracketed(host: str) -> str:
    """Return a host as it is written before a port."""
    return f"[{host}]" if ":" in host else host


def checked_host(text: str) -> str:
    """Normalize a host: a name in lowercase ASCII, or an IP address in its canonical form."""
    wrong = InvalidAddress("host", "host: must be a name like gpu.example.org or an address like 192.0.2.7.")
    bare = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    if ":" in bare:
        number, percent, scope = bare.partition("%")
        try:
            canonical = str(ipaddress.IPv6Address(number))
        except ValueError:
            raise wrong from None
        if percent and not _SCOPE.fullmatch(scope):
            raise wrong
        return canonical + percent + scope
    try:
        name = bare if bare.isascii() else bare.encode("idna").decode("ascii")
    except UnicodeError:
        raise wrong from None
    name = name.lower()
    labels = name.removesuffix(".").split(".")
    if bare != text or len(name) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise wrong
    if all(label.isdigit() for label in labels):
        # Resolvers read "1" as 0.0.0.1 and "0177.1" as 127.0.0.1; only canonical addresses are accepted.
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            raise wrong from None
    return name


def checked_username(text: str) -> str:
    """Return a username unchanged if it is valid.

    Raises:
        InvalidAddress: it is empty, too long, begins with a hyphen, or has a space or a control character.
    """
    odd = any(character.isspace() or unicodedata.category(character)[0] == "C" for character in text)
    if not 1 <= len(text) <= 255 or text.startswith("-") or odd:
        raise InvalidAddress(
            "username",
            "username: must contain no space or control character and not start with a hyphen.",
        )
    return text
