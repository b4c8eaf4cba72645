"""Base path of the server, and headers of trusted reverse proxies. No Django.

    --base-path /p          paths begin with /p, which is removed before routing
    X-Forwarded-Prefix      the same for one request; the proxy may have removed the prefix already
    X-Forwarded-For/-Host   client address and host, also as `Forwarded` (RFC 7239)

The headers count only from a peer in one of the trusted networks; of other peers they change nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import unquote

from runicorn.message import Message
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~@+=:-]+)+")
"""Segments that need no quoting in URLs, HTML and cookies."""
AMBIGUOUS = re.compile(r"/(?:api|(?:runs|artifacts|projects)/[^/]+)(?:/.*)?")
"""Prefixes below which the viewer has addresses of the same words as above: nothing tells whether a proxy removed them."""
LONGEST_PREFIX = 200
ALSO_WITHOUT_PREFIX = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses of probes, which ask the process itself and not the proxy."""
PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]*))\s*')

MALFORMED = Refusal(
    400, Message("The X-Forwarded-Prefix of the proxy is malformed: it must be a path such as /runicorn")
)


class BadForwarding(ValueError):
    """`--base-path` or `--trusted-proxy` is malformed."""


def path_prefix(text: str) -> str:
    """Return a path prefix in canonical form: `/p` for `/p/`, "" for `/`."""
    prefix = unquote(text.strip()).removesuffix("/")
    if prefix and (len(prefix) > LONGEST_PREFIX or not PREFIX.fullmatch(prefix)):
        raise BadForwarding(f"--base-path must be a path such as /runicorn, not {text!r}")
    if AMBIGUOUS.fullmatch(prefix):
        raise BadForwarding(f"--base-path must not be {prefix}: the viewer has its own addresses below it")
    return prefix


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks in texts such as `10.0.0.0/8,::1`.

    Raises:
        BadForwarding: one is no address and no network.
    """
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in parts)
    except ValueError as error:
        raise BadForwarding(
            f"--trusted-proxy must be an address or a network such as 10.0.0.0/8: {error}"
        ) from error


@dataclass(frozen=True)
class Forwarding:
    """Base path of the server, and the proxies it trusts."""

    base: str = ""
    """Prefix of all paths, without a slash at its end."""
    trusted: tuple[Network, ...] = ()
    """Networks of the proxies."""
    user_header: str = ""
    """Header in which they name the user whom they have signed in, such as `X-Remote-User`."""

    is_route: Callable[[str], bool] = lambda path: False
    """Return whether the viewer has a page or route at a path."""

    def __bool__(self) -> bool:
        return bool(self.base or self.trusted)

    def apply(self, head: Head, peer: str) -> tuple[Head, str]:
        """Return a head as the application sees it, and the client's address.

        The path has no prefix, `Host` is the one that the browser used, and `refusal` says what is wrong.

        Args:
            head: as received.
            peer: address of the other end of the connection, "" for a Unix socket.
        """
        if not self._is_trusted(peer):
            return self._below(head, self.base), peer
        client = self._client(head, peer)
        if self.user_header:
            head = replace(head, user=_name(head.header(self.user_header) or ""))
        if hosts := _header_values(head.header("x-forwarded-host")) or _forwarded(head, "host"):
            others = [(name, value) for name, value in head.headers if name.lower() != b"host"]
            head = replace(head, headers=[*others, (b"host", hosts[-1].encode("latin-1"))])
        try:
            prefix = path_prefix(head.header("x-forwarded-prefix") or "")
        except BadForwarding:
            return replace(head, prefix=self.base, refusal=MALFORMED), client
        if not prefix:
            return self._below(head, self.base), client
        return self._below(head, prefix, is_stripped=True), client

    def _below(self, head: Head, prefix: str, *, is_stripped: bool = False) -> Head:
        """Remove the prefix from the path of a request.

        Args:
            head: as received.
            prefix: of the addresses in the response.
            is_stripped: whether the proxy may have removed it.
        """
        if not prefix:
            return head
        path, query = head.raw_path, head.target.partition("?")[1:]
        for mounted in filter(None, (self.base, prefix)):
            if is_stripped and self._is_removed(path, mounted):
                continue
            if (inner := strip(path, mounted)) is not None:
                return replace(head, target="".join((inner, *query)), prefix=prefix)
        if is_stripped or head.path in ALSO_WITHOUT_PREFIX or head.target == "*":
            return replace(head, prefix=prefix)
        return replace(head, prefix=prefix, refusal=_elsewhere(head, prefix))

    def _is_removed(self, path: str, prefix: str) -> bool:
        """Return whether a path below a prefix is one of our own, such as `/runs/…`, so that the proxy removed the prefix."""
        inner = strip(path, prefix)
        return inner is not None and self.is_route(path) and (path == prefix or not self.is_route(inner))

    def _is_trusted(self, address: str) -> bool:
        ip = _address(address) if self.trusted else None
        return ip is not None and any(ip in network for network in self.trusted)

    def _client(self, head: Head, peer: str) -> str:
        """Return the address that the last trusted proxy reports; earlier entries may be forged."""
        hops = _header_values(head.header("x-forwarded-for")) or _forwarded(head, "for")
        client = peer
        while hops and self._is_trusted(client):
            hop = _address(hops.pop())
            if hop is None:
                break
            client = str(hop)
        return client


def strip(path: str, prefix: str) -> str | None:
    """Return a path as received without a prefix, or None if it is not below it."""
    segments, mounted = path.split("/"), prefix.split("/")
    if [unquote(segment) for segment in segments[: len(mounted)]] != mounted:
        return None
    return "/" + "/".join(segments[len(mounted) :])


def _elsewhere(head: Head, prefix: str) -> Refusal:
    """Return the answer at an address outside of the base path: a redirect at `/`."""
    if head.path == "/" and head.method in ("GET", "HEAD") and not head.socket:
        return Refusal(307, f"See {prefix}/", ((b"Location", f"{prefix}/".encode()),))
    return Refusal(404, Message("The addresses of this viewer begin with {prefix}/", prefix=prefix))


def _name(value: str) -> str:
    """Return the user name in a header, usually UTF-8; only the spaces of HTTP are not part of it."""
    with suppress(UnicodeDecodeError):
        value = value.encode("latin-1").decode()
    return value.strip(" \t")


def _header_values(value: str | None) -> list[str]:
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def _forwarded(head: Head, name: str) -> list[str]:
    """Return the values of a parameter of the `Forwarded` header, of the nearest proxy last."""
    pairs = PAIR.findall(head.header("forwarded") or "")
    return [quoted or plain for key, quoted, plain in pairs if key.lower() == name]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`, or None."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
