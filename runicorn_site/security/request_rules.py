"""Rules about hosts, origins and content types, applied to the head of a request. No Django.

A viewer on the loopback address has no login, so every page that the user has open in a browser could talk to it.
Three headers identify such pages: `Host` (an attacker may point a name of their own at 127.0.0.1), `Origin` and
`Sec-Fetch-Site`. Programs such as curl send neither of the last two.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from runicorn.message import Message
from runicorn_site.security.headers import Headers, is_api
from runicorn_site.security.listening import is_everywhere
from runicorn_site.security.plain_responses import Refusal, is_style

HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
LAST_PORT = 65535
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OWN_SITES = frozenset({None, "same-origin", "none"})

JSON = "application/json"
OTHER_BODIES = (
    ("multipart/form-data", re.compile(r"/api/import/archive/?")),
    (
        "application/octet-stream",
        re.compile(r"/api/artifacts/uploads/[^/]+/(?:parts|contents)/?|/api/runs/[^/]+/files/.+"),
    ),
)
"""Content types other than JSON, and the paths that accept them: archives, and parts of files."""


def value_of(headers: Headers, name: bytes) -> str | None:
    """Return the value of a header; several values are joined, so that no comparison matches them."""
    values = [value.decode("latin-1") for key, value in headers if key.lower() == name]
    return ",".join(values) if values else None


@lru_cache(maxsize=256)
def host_name(host: str) -> str | None:
    """Return the normalized name in a `Host` header, or None if it is invalid."""
    match = HOST.fullmatch(host)
    if match is None or not 0 < int(match["port"] or 1) <= LAST_PORT:
        return None
    name = match["name"].lower()
    if name.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return name


def allowed_names(bound: str, more: tuple[str, ...]) -> frozenset[str]:
    """Return the host names of a server bound to `bound`; ports are ignored, because tunnels change them."""
    if is_everywhere(bound):
        bound = socket.gethostname()  # the name in the address that the viewer prints
    bare = [f"[{name}]" if ":" in name and not name.startswith("[") else name for name in (bound, *more)]
    names = {host_name(name) for name in bare}
    return LOOPBACK_NAMES | frozenset(name for name in names if name and name not in {"0.0.0.0", "[::]"})


@dataclass(frozen=True)
class Head:
    method: str
    target: str
    """As received: usually a path, with some proxies an absolute URL."""
    headers: Headers
    socket: bool = False
    prefix: str = ""
    """Path below which the browser sees the server; it is not part of `target`."""
    user: str = ""
    """User name, from a trusted proxy that has signed them in."""
    refusal: Refusal | None = None
    """Why the address or the headers of a proxy are invalid."""

    @cached_property
    def raw_path(self) -> str:
        """The path of the target as received, without the query."""
        target = self.target.partition("?")[0]
        return target if target.startswith("/") else (_split(target).path or "/")

    @cached_property
    def path(self) -> str:
        """The decoded path, so that percent-encoding hides nothing from the rules."""
        return unquote(self.raw_path)

    @property
    def address(self) -> str:
        """Path and query as the browser sees them."""
        return self.prefix + self.target if self.target.startswith("/") else f"{self.prefix}/"

    @cached_property
    def _values(self) -> dict[bytes, bytes]:
        values: dict[bytes, bytes] = {}
        for name, value in self.headers:
            lower = name.lower()
            values[lower] = values[lower] + b"," + value if lower in values else value
        return values

    def header(self, name: str) -> str | None:
        """Return the value of a header; several values are joined, so that no comparison matches them."""
        value = self._values.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")


def judge(head: Head, names: frozenset[str]) -> Refusal | None:
    """Return the refusal of a request by a server with the host names `names`, or None."""
    return _judge_host(head, names) or _judge_origin(head) or _judge_site(head) or _judge_body(head)


def _judge_host(head: Head, names: frozenset[str]) -> Refusal | None:
    host = head.header("host") or ""
    name = host_name(host)
    if name is None:
        return Refusal(400, Message("The request needs exactly one valid Host header"))
    # The page of this refusal needs its style under the same name; it shows nothing of anybody.
    if name not in names and not is_style(head.method, head.path):
        return Refusal(
            403, Message("This host name is not allowed: start the viewer with --allowed-host to add it")
        )
    if not head.target.startswith("/") and not _own_target(head.target, host):
        return Refusal(400, Message("The request is for another host"))
    return None


def _own_target(target: str, host: str) -> bool:
    """Return whether an absolute target names the same host as the header, or is that of `OPTIONS *`."""
    if target == "*":
        return True
    parts = _split(target)
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def _split(url: str) -> SplitResult:
    """Return the parts of a URL, all empty if it is invalid."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _judge_origin(head: Head) -> Refusal | None:
    origin, host = head.header("origin"), (head.header("host") or "").lower()
    if origin is None or origin.lower() in {f"http://{host}", f"https://{host}"}:
        return None
    return Refusal(403, Message("Requests from other sites are not allowed"))


def _judge_site(head: Head) -> Refusal | None:
    """Allow links from other sites, which navigate the whole window, and nothing else."""
    if head.header("sec-fetch-site") in OWN_SITES:
        return None
    link = head.header("sec-fetch-mode") == "navigate" and head.header("sec-fetch-dest") == "document"
    if link and head.method in SAFE_METHODS and not head.socket:
        return None
    return Refusal(403, Message("Requests from other sites are not allowed"))


def _judge_body(head: Head) -> Refusal | None:
    """Refuse the three content types that forms of other sites can send without a CORS preflight."""
    if head.socket or head.method in SAFE_METHODS or not is_api(head.path):
        return None
    content_type = head.header("content-type")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == JSON or (content_type is None and not _has_body(head)):
        return None
    others = [other for other, place in OTHER_BODIES if place.fullmatch(head.path)]
    if kind in others:
        return None
    return Refusal(415, f"The body of the request must be {' or '.join(others) or JSON}")


def _has_body(head: Head) -> bool:
    return head.header("transfer-encoding") is not None or (head.header("content-length") or "0") != "0"
