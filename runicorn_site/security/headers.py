"""Security headers of every response."""

from __future__ import annotations

import re

Headers = list[tuple[bytes, bytes]]

_COMMON = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
STRICT = f"{_COMMON}; script-src 'self'; style-src 'self'"
# Swagger UI and ReDoc set styles from their own scripts; scripts stay in files there as well.
DOCUMENTATION = f"{_COMMON}; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"

ALWAYS: Headers = [
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Referrer-Policy", b"same-origin"),
]

WHOLE_SITE = re.compile(rb"(; *path=)/(?=;|$)", re.IGNORECASE)
PUBLIC = "/static/"
"""Prefix of static files: the same on every viewer, and without data of users."""


def is_api(path: str) -> bool:
    """Return whether a path belongs to the API, whose errors are JSON."""
    return path == "/api" or path.startswith("/api/")


def is_for_browser(headers: Headers) -> bool:
    """Return whether a request with such headers accepts the page of a route of the API."""
    return any(name == b"accept" and b"text" in value for name, value in headers)


def security(path: str, present: Headers) -> Headers:
    names = {name.lower(): value for name, value in present}
    documented = path.rstrip("/") in {"/docs", "/redoc"}
    policy = (b"Content-Security-Policy", (DOCUMENTATION if documented else STRICT).encode())
    return [(name, value) for name, value in (*ALWAYS, policy) if name.lower() not in names]


def not_stored(present: Headers) -> Headers:
    """Replace `Cache-Control` by `no-store`."""
    others = [(name, value) for name, value in present if name.lower() != b"cache-control"]
    return [*others, (b"Cache-Control", b"no-store")]


def cookies_below(prefix: str, present: Headers) -> Headers:
    """Replace the path `/` of the cookies in `Set-Cookie` headers by a prefix."""
    return [
        (name, WHOLE_SITE.sub(rb"\1" + prefix.encode(), value))
        if name.lower() == b"set-cookie"
        else (name, value)
        for name, value in present
    ]


def secure_cookies(present: Headers) -> Headers:
    return [
        (name, value + b"; Secure")
        if name.lower() == b"set-cookie" and b"; secure" not in value.lower()
        else (name, value)
        for name, value in present
    ]
