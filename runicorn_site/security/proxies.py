"""Recognize requests that a proxy forwards, and those that reached it over TLS."""

from __future__ import annotations

import re

from runicorn.message import Message
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head

FORWARDING = re.compile(rb"forwarded|x-forwarded-.+|x-real-ip", re.IGNORECASE)
"""Header names that proxies add (RFC 7239 and its predecessors)."""
TLS_PROTO = re.compile(r'(?:^|[;,\s])proto="?https"?(?:$|[;,\s])', re.IGNORECASE)

PROXIED_WITHOUT_TOKEN = Refusal(
    403,
    Message(
        "The request came through a proxy, and this viewer has no token: start it with --token auto to require one"
    ),
)


def is_proxied(head: Head) -> bool:
    """Return whether the headers show that a proxy forwarded this request."""
    return any(FORWARDING.fullmatch(name) for name, _ in head.headers)


def is_behind_tls(head: Head) -> bool:
    """Return whether the browser spoke TLS, according to its origin or to the proxy.

    The headers are not authenticated; they only make cookies stricter and links `https`, for the sender alone.
    """
    if (head.header("origin") or "").lower().startswith("https:"):
        return True
    protocols = (head.header("x-forwarded-proto") or "").lower().split(",")
    return protocols[-1].strip() == "https" or TLS_PROTO.search(head.header("forwarded") or "") is not None
