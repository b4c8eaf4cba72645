"""Response to requests without a login, on a viewer with users. No Django."""

from __future__ import annotations

from urllib.parse import quote

from runicorn.message import Message
from runicorn_site.security.headers import is_api
from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import SAFE_METHODS, Head

PATH = "/login"
METRICS = "/metrics"
"""Read by Prometheus."""
NO_STORE = (b"Cache-Control", b"no-store")
API = Refusal(
    401,
    "This viewer has users: sign in, or send an API token as Authorization: Bearer",
    ((b"WWW-Authenticate", b"Bearer"), NO_STORE),
)
UNKNOWN_USER = Refusal(403, Message("You have no account here. Ask an administrator for one"), (NO_STORE,))


def sign_in_needed(head: Head) -> Refusal:
    """Return a redirect to the login page for navigations, and 401 for everything else."""
    if head.user:
        return UNKNOWN_USER
    if is_api(head.path) or head.path == METRICS:
        return API
    target = f"{head.prefix}{PATH}?next={quote(head.address, safe='')}".encode()
    is_page = head.method in SAFE_METHODS and not head.socket
    if is_page and head.header("sec-fetch-mode") in (None, "navigate"):
        return Refusal(303, "Sign in", ((b"Location", target), NO_STORE))
    return Refusal(
        401, Message("Your session has ended. Sign in again"), (NO_STORE, (b"HX-Redirect", target))
    )
