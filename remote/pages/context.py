"""Template contexts of the pages about remote hosts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from remote.api.requests_viewers import session_to_dict
from remote.connections import saved
from remote.environments.probe import Environment
from remote.errors import ConnectionNotFound, RemoteError
from remote.pages.forms import WAYS, Login, of_saved, sentence_of
from remote.pages.pending import PendingStore
from remote.services import connections as services
from remote.services import environments, viewers
from remote.services import mirrors as mirroring
from remote.ssh.pool import pool
from remote.viewers.session import LIMITS, Session
from runicorn.api.responses.remote import PresentedHostKey, RemoteConnection, SavedConnection, ViewerSession
from runicorn.remote_protocol import OLDEST_PYTHON

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

STAGES = {
    "connect": _("Connect"),
    "environment": _("Check the environment"),
    "start": _("Start the viewer"),
    "tunnel": _("Open the tunnel"),
    "health": _("Check connection"),
}
ADVICE = {
    "connect": _("Check that the host is on and reachable, then connect again."),
    "environment": _("Choose another environment, or repair this one and try again."),
    "start": _("Try another environment or storage root."),
    "tunnel": _("The SSH server may forbid forwarding: AllowTcpForwarding must be on for this user."),
    "health": _("The host may be busy. Try again."),
    "": _("Start it again, or check the host."),
}
METHOD_LABELS = {
    "password": _("Password"),
    "key_file": _("Key file"),
    "key_text": _("Private key as text"),
    "agent": _("SSH agent"),
}
FIELDS = ("host", "port", "username", "name", "password", "private_key", "private_key_path", "passphrase")
"""Fields of the login form whose errors are shown beside them."""
MOST_FOLDERS = 500
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
    """The address of a page about an open connection."""
    return f"{reverse(page)}?{urlencode({'connection': connection_id, **more})}"


class LiveContext(TypedDict):
    """Context of `remote/_live.html`: viewers, mirrors and connections of this process."""

    sessions: list[ViewerSession]
    mirrors: list[mirroring.MirrorJob]
    connections: list[RemoteConnection]


class SavedHost(SavedConnection):
    """A saved connection, and whether it is connected."""

    is_connected: bool
    id: str


class HomeContext(LiveContext):
    """Context of the page about remote hosts; `hosts_error` says why saved connections cannot be read."""

    notice: _StrOrPromise | None
    oldest: str
    hosts: list[SavedHost]
    hosts_error: str


def home_context(request: HttpRequest) -> HomeContext:
    """Return viewers, mirrors, connections and saved hosts."""
    pending_logins.sweep()
    oldest = ".".join(map(str, OLDEST_PYTHON))
    hosts_error = ""
    try:
        found = saved.saved_connections()
    except RemoteError as error:
        found, hosts_error = [], str(error.detail)
    connected = {connection.id for connection in pool.all()}
    hosts: list[SavedHost] = [
        {**host.to_dict(), "is_connected": host.address.id in connected, "id": host.address.id}
        for host in found
    ]
    return {
        **live_context(),
        "notice": NOTICES.get(request.GET.get("notice", "")),
        "oldest": oldest,
        "hosts": hosts,
        "hosts_error": hosts_error,
    }


def live_context() -> LiveContext:
    """The viewers, mirrors and connections of this process."""
    sessions = [session_to_dict(session) for session in viewers.viewer_sessions()]
    mirrors, connections = mirroring.mirrors(), services.connections()
    return {"sessions": sessions, "mirrors": mirrors, "connections": connections}


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
        error: the message about it.
    """
    methods = [(method, METHOD_LABELS[method]) for method in WAYS]
    context: HostContext = {"entered": entered, "key": key, "methods": methods}
    if error:
        context["errors"] = {field if field in FIELDS else "form": sentence_of(error)}
    if key:
        context["saved"] = saved.saved_connection(key).to_dict()
    return context


def saved_login(key: str) -> Login | None:
    """Return the login of a saved connection; None without a key.

    Raises:
        SavedConnectionNotFound: the key is unknown.
        InvalidInput: a saved secret can no longer be decrypted.
        ConfigurationUnavailable: the file of saved connections is unreadable.
    """
    if not key:
        return None
    connection = saved.saved_connection(key)
    return of_saved(connection, saved.credentials(connection))


def machine(connection_id: str) -> RemoteConnection:
    """Return an open connection.

    Raises:
        ConnectionNotFound: the id is unknown.
    """
    for connection in services.connections():
        if connection["connection_id"] == connection_id:
            return connection
    raise ConnectionNotFound(connection_id)


class StartContext(TypedDict):
    """Context of the form that starts a viewer."""

    machine: RemoteConnection
    choice: environments.Choice
    environment: Environment
    environments_url: str
    browse_url: str
    recheck_url: str
    entered: dict[str, str]
    suggested: bool


def start_context(connection_id: str, environment: str, entered: dict[str, str]) -> StartContext:
    """Return the context of the form that starts a viewer in an environment.

    Raises:
        as `environments.choice`.
    """
    choice = environments.choice(connection_id, environment)
    root = entered.get("root") or choice.environment.root
    return {
        "machine": machine(connection_id),
        "choice": choice,
        "environment": choice.environment,
        "environments_url": machine_address(connection_id),
        "browse_url": machine_address(
            connection_id, "remote-folders", environment=choice.environment.name, path=root
        ),
        "recheck_url": machine_address(connection_id, "remote-start", environment=choice.environment.name),
        "entered": {**entered, "root": root},
        "suggested": root == choice.environment.root,
    }


class Stage(TypedDict):
    """A stage of a start: its state is `done`, `now`, `failed` or `later`; it may take so many seconds."""

    name: str
    label: _StrOrPromise
    state: str
    seconds: float


class ViewerContext(TypedDict):
    """Context of the page of a viewer; a failed start can be repeated while its host is connected."""

    session: ViewerSession
    stages: list[Stage]
    is_pending: bool
    advice: _StrOrPromise
    retry_url: NotRequired[str]
    environments_url: NotRequired[str]


def viewer_context(session: Session) -> ViewerContext:
    """Return the status of a viewer and of each stage of its start."""
    described = session_to_dict(session)
    status, stage, connection_id = described["status"], described["stage"], described["connection_id"]
    failed = status == "failed"
    context: ViewerContext = {
        "session": described,
        "stages": stages(status, stage),
        "is_pending": status in ("connecting", "reconnecting"),
        "advice": ADVICE[stage] if failed else "",
    }
    if failed and any(known["connection_id"] == connection_id for known in services.connections()):
        arguments = {"environment": described["conda_env"], "root": described["remote_root"]}
        context["retry_url"] = machine_address(connection_id, "remote-start", **arguments)
        context["environments_url"] = machine_address(connection_id)
    return context


def stages(status: str, current: str) -> list[Stage]:
    """Return every stage of the start of a viewer."""
    names = list(STAGES)
    at = names.index(current) if current in names else len(names)
    found = []
    for number, name in enumerate(names):
        state = "done" if number < at else "later"
        if number == at:
            state = "failed" if status == "failed" else "now"
        found.append(Stage(name=name, label=STAGES[name], state=state, seconds=LIMITS[name]))
    return found


class FolderContext(TypedDict):
    """Context of the page that lists a remote folder, or the error if it cannot be listed."""

    machine: RemoteConnection
    environment: str
    path: str
    error: NotRequired[str]
    home_url: NotRequired[str]
    parents: NotRequired[list[tuple[str, str]]]
    folders: NotRequired[list[tuple[str, str]]]
    more: NotRequired[int]
    files: NotRequired[int]
    truncated: NotRequired[bool]
    use_url: NotRequired[str]


def folder_context(connection_id: str, environment: str, path: str) -> FolderContext:
    """Return the folders in a folder of a remote host, or the error if it cannot be listed.

    Raises:
        ConnectionNotFound: the connection is unknown.
    """
    context: FolderContext = {"machine": machine(connection_id), "environment": environment, "path": path}

    def url(folder: str) -> str:
        return machine_address(connection_id, "remote-folders", environment=environment, path=folder)

    try:
        folder = services.list_folder(connection_id=connection_id, path=path)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        return {**context, "error": sentence_of(str(error.detail)), "home_url": url("~")}
    inside = folder.path.rstrip("/")
    parts = [part for part in folder.path.split("/") if part]
    parents = [(part, url("/" + "/".join(parts[: n + 1]))) for n, part in enumerate(parts)]
    folders = [(item.name, url(f"{inside}/{item.name}")) for item in folder.items if item.is_dir]
    return {
        **context,
        "path": folder.path,
        "parents": [("/", url("/")), *parents],
        "folders": folders[:MOST_FOLDERS],
        "more": max(0, len(folders) - MOST_FOLDERS),
        "files": len(folder.items) - len(folders),
        "truncated": folder.truncated,
        "use_url": machine_address(connection_id, "remote-start", environment=environment, root=folder.path),
    }
