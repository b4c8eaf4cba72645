"""Format of `known_hosts` as OpenSSH and Runicorn 0.5 write it, with line-by-line changes. No Django.

    gpu.example.org ssh-ed25519 AAAA…            a host at port 22
    [gpu.example.org]:2222,[192.0.2.7]:2222 …    at another port; several names for one host
    |1|<salt>|<hash> ssh-rsa AAAA…               a hashed name (`ssh-keygen -H`)
    @revoked * ssh-ed25519 AAAA…                 a key that is never accepted

Other lines (comments, patterns, certificate authorities) are kept and ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from remote.ssh.address import SSH_PORT, InvalidAddress, checked_host

LONGEST_KEY = 8192


class BadPublicKey(ValueError):
    """An invalid public key; the text says why."""


@dataclass(frozen=True)
class HostKey:
    """A host's public key: its type, and its base64 data."""

    key_type: str
    data: str

    @property
    def text(self) -> str:
        """As written in a file: `<type> <base64>`."""
        return f"{self.key_type} {self.data}"

    @property
    def fingerprint(self) -> str:
        """`SHA256:…`, as printed by `ssh-keygen -l`."""
        digest = hashlib.sha256(base64.b64decode(self.data)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class KnownHostsLine:
    """A line with hosts and a key. `hosts` as written in the file."""

    hosts: tuple[str, ...]
    key: HostKey
    marker: str = ""


def public_key(text: str) -> HostKey:
    """Parse `<type> <base64>`, optionally followed by a comment."""
    parts = text.split(None, 2)
    if len(parts) < 2 or len(text) > LONGEST_KEY:
        raise BadPublicKey("Invalid public key format")
    key_type, data = parts[0], parts[1]
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadPublicKey("Invalid base64 public key") from None
    size = int.from_bytes(raw[:4], "big")
    # The data start with the type again (RFC 4253, 6.6).
    if len(raw) < 8 or raw[4 : 4 + size] != key_type.encode("utf-8", "replace"):
        raise BadPublicKey("key_type does not match public_key")
    return HostKey(key_type, base64.b64encode(raw).decode())


def host_name(host: str, port: int) -> str:
    return host if port == SSH_PORT else f"[{host}]:{port}"


def split_name(name: str) -> tuple[str, int] | None:
    """Return host and port of a name in the file; None for a pattern or a hashed name."""
    host, port = name, SSH_PORT
    if name.startswith("["):
        host, bracket, number = name[1:].partition("]:")
        if not bracket or not number.isascii() or not number.isdigit() or not 1 <= int(number) <= 65535:
            return None
        port = int(number)
    try:
        return checked_host(host), port
    except InvalidAddress:
        return None


def entry(line: str) -> KnownHostsLine | None:
    """Parse a line; return None for comments, empty lines and anything that is not understood."""
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    try:
        key = public_key(f"{fields[1]} {fields[2]}")
    except BadPublicKey:
        return None
    return KnownHostsLine(tuple(fields[0].split(",")), key, marker)


def entries(content: str) -> Iterator[KnownHostsLine]:
    """Parse the lines of a file in order."""
    for line in content.splitlines():
        parsed = entry(line)
        if parsed is not None:
            yield parsed


def host_rows(content: str) -> list[tuple[str, int, str, str, str, str]]:
    """Return a tuple for each name of a host: host, port, name in the file, type, base64 and fingerprint.

    Hashed names are kept as they are; patterns are left out because they are not used here.
    """
    rows = []
    for entry in entries(content):
        for name in () if entry.marker else entry.hosts:
            place = (name, SSH_PORT) if name.startswith("|1|") else split_name(name)
            if place is not None:
                rows.append((*place, name, entry.key.key_type, entry.key.data, entry.key.fingerprint))
    return rows


def names_host(name: str, host: str, port: int) -> bool:
    """Return whether a name of the file, plain or hashed, matches this host."""
    expected = host_name(host, port)
    if not name.startswith("|1|"):
        return name.lower() == expected.lower() or split_name(name) == (host, port)
    if name == host:
        return True
    parts = name.split("|")
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:4])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, expected.encode(), hashlib.sha1).digest(), digest)


def keys_of(content: str, host: str, port: int) -> list[HostKey]:
    return [
        entry.key
        for entry in entries(content)
        if not entry.marker and any(names_host(name, host, port) for name in entry.hosts)
    ]


def revoked(content: str, key: HostKey) -> bool:
    """Return whether a key is marked as revoked, for any host."""
    return any(entry.marker == "@revoked" and entry.key == key for entry in entries(content))


def with_key(content: str, host: str, port: int, key: HostKey) -> str:
    """Return the content with this key of the host in place of those of the same type."""
    rest = without_key(content, host, port, key.key_type)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return f"{rest}{host_name(host, port)} {key.text}\n"


def without_key(content: str, host: str, port: int, key_type: str) -> str:
    """Return the content without the host's keys of one type; other names on the same line are kept."""
    retained = []
    for line in content.splitlines(keepends=True):
        parsed = entry(line)
        if parsed is None or parsed.marker or parsed.key.key_type != key_type:
            retained.append(line)
            continue
        others = [name for name in parsed.hosts if not names_host(name, host, port)]
        if len(others) == len(parsed.hosts):
            retained.append(line)
        elif others:
            retained.append(line.replace(",".join(parsed.hosts), ",".join(others), 1))
    return "".join(retained)
