"""Template contexts of the pages about remote hosts."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NotRequired, TypedDict, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from remote.api.requests_viewers import session_to_dict
from remote.connections import repository
from remote.errors import ConnectionNotFound, RemoteError
from remote.pages.forms import WAYS, Login, of_saved, sentence_of
from remote.services import connections as services
from remote.services import mirrors as mirroring
from remote.services import viewers
from runicorn.api.responses.remote import PresentedHostKey, RemoteConnection, SavedConnection, ViewerSession
from runicorn.remote_protocol import OLDEST_PYTHON

T = TypeVar("T")

KEPT_SECONDS = 600.0
"""A presented host key can be accepted for as long."""
MOST = 100


@dataclass(frozen=True, repr=False)
class _Entry(Generic[T]):
    browser: str
    value: T
    until: float


class PendingStore(Generic[T]):
    """Requests that wait for the user's answer, so that no secret makes a round trip through a browser.

    The oldest is dropped when there are more than `MOST`.
    """

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self.seconds = seconds
        self._entries: dict[str, _Entry[T]] = {}
        self._guard = threading.Lock()

    def keep(self, browser: str, value: T) -> str:
        handle = secrets.token_urlsafe(24)
        with self._guard:
            self._sweep()
            if len(self._entries) >= MOST:
                del self._entries[next(iter(self._entries))]
            self._entries[handle] = _Entry(browser, value, time.monotonic() + self.seconds)
        return handle

    def get(self, handle: str, browser: str) -> T | None:
        """Return the value, or None if it has expired or belongs to another browser."""
        with self._guard:
            self._sweep()
            entry = self._entries.get(handle)
        return entry.value if entry is not None and secrets.compare_digest(entry.browser, browser) else None

    def drop(self, handle: str) -> None:
        """Remove a value, if it exists."""
        with self._guard:
            self._entries.pop(handle, None)

    def sweep(self) -> None:
        """Remove expired values."""
        with self._guard:
            self._sweep()

    def _sweep(self) -> None:
        now = time.monotonic()
        for handle in [handle for handle, entry in self._entries.items() if entry.until <= now]:
            del self._entries[handle]


if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

METHOD_LABELS = {
    "password": _("Password"),
    "key_file": _("Key file"),
    "key_text": _("Private key as text"),
    "agent": _("SSH agent"),
}
FIELDS = ("host", "port", "username", "name", "password", "private_key", "private_key_path", "passphrase")
"""Fields of the login form whose errors are shown beside them."""
NOTICES = {
    "saved": _("Saved."),
    "removed": _("Removed, with its saved secrets."),
    "stopped": _("Stopped."),
    "disconnected": _("Disconnected."),
    "expired": _("This request has expired. Connect again."),
}
# `_state.html` translates these.
STATES = (
    gettext_noop("connecting"),
    gettext_noop("connected"),
    gettext_noop("disconnected"),
    gettext_noop("reconnecting"),
    gettext_noop("running"),
    gettext_noop("stopped"),
)


@dataclass(frozen=True, repr=False)
class PendingLogin:
    """A login that waits until the user has confirmed the host key."""

    login: Login
    host_key: PresentedHostKey


pending_logins: PendingStore[PendingLogin] = PendingStore()
"""Those of this process."""


def browser(request: HttpRequest) -> str:
    """A random name of this browser, kept in its session."""
    return str(request.session.setdefault("remote", secrets.token_urlsafe(24)))


def machine_address(connection_id: str, page: str = "remote-machine", **more: str) -> str:
    return f"{reverse(page)}?{urlencode({'connection': connection_id, **more})}"


class SavedHost(SavedConnection):
    """A saved connection, and the state of the open one to its address, if any."""

    id: str
    state: str


class LiveContext(TypedDict):
    """Context of `remote/_live.html`: viewers, mirrors and connections of this process, and saved hosts."""

    sessions: list[ViewerSession]
    mirrors: list[mirroring.MirrorJob]
    connections: list[RemoteConnection]
    hosts: list[SavedHost]
    hosts_error: str
    oldest: str


def live_context() -> LiveContext:
    connections = services.connections()
    hosts, hosts_error = _saved_hosts(connections)
    return {
        "sessions": [session_to_dict(session) for session in viewers.viewer_sessions()],
        "mirrors": mirroring.mirrors(),
        "connections": connections,
        "hosts": hosts,
        "hosts_error": hosts_error,
        "oldest": ".".join(map(str, OLDEST_PYTHON)),
    }


def _saved_hosts(connections: list[RemoteConnection]) -> tuple[list[SavedHost], str]:
    """Return the saved hosts, or none and why they cannot be read."""
    states = {connection["connection_id"]: connection["state"] for connection in connections}
    try:
        saved = repository.saved_connections()
    except RemoteError as error:
        return [], sentence_of(str(error.detail))
    hosts: list[SavedHost] = [
        {**host.to_dict(), "id": host.address.id, "state": states.get(host.address.id, "")} for host in saved
    ]
    return hosts, ""


class HostContext(TypedDict):
    """Context of the login form."""

    entered: Mapping[str, object]
    key: str
    methods: Sequence[tuple[str, _StrOrPromise]]
    errors: NotRequired[dict[str, str]]
    saved: NotRequired[SavedConnection]


def host_context(
    entered: Mapping[str, object], key: str = "", field: str = "", error: str = ""
) -> HostContext:
    """Return the context of the login form.

    Args:
        entered: values of its fields; never a secret.
        key: of the saved connection that it edits.
        field: the invalid field, if there is one.
    """
    methods = [(method, METHOD_LABELS[method]) for method in WAYS]
    context: HostContext = {"entered": entered, "key": key, "methods": methods}
    if error:
        context["errors"] = {field if field in FIELDS else "form": sentence_of(error)}
    if key:
        context["saved"] = repository.saved_connection(key).to_dict()
    return context


def saved_login(key: str) -> Login | None:
    """Return the login of a saved connection; None without a key.

    Raises:
        InvalidInput: a saved secret can no longer be decrypted.
    """
    if not key:
        return None
    connection = repository.saved_connection(key)
    return of_saved(connection, repository.credentials(connection))


def machine(connection_id: str) -> RemoteConnection:
    """Return an open connection."""
    for connection in services.connections():
        if connection["connection_id"] == connection_id:
            return connection
    raise ConnectionNotFound(connection_id)
