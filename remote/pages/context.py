"""Template contexts of the pages about remote hosts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

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

STAGES = {
    "connect": "Connect",
    "environment": "Check the environment",
    "start": "Start the viewer",
    "tunnel": "Open the tunnel",
    "health": "Check connection",
}
ADVICE = {
    "connect": "Check that the host is on and reachable, then connect again.",
    "environment": "Choose another environment, or repair this one and try again.",
    "start": "Try another environment or storage root.",
    "tunnel": "The SSH server may forbid forwarding: AllowTcpForwarding must be on for this user.",
    "health": "The host may be busy. Try again.",
    "": "Start it again, or check the host.",
}
WAY_NAMES = {"password": "Password", "key_file": "Key file", "key_text": "Key as text", "agent": "SSH agent"}
FIELDS = ("host", "port", "username", "name", "password", "private_key", "private_key_path", "passphrase")
"""Of the form of a login: what is wrong with one of them is said beside it."""
MOST_FOLDERS = 500
SAID = {
    "saved": "Saved.",
    "forgotten": "Removed, with its saved secrets.",
    "stopped": "Stopped.",
    "disconnected": "Disconnected.",
    "old": "This request has expired. Connect again.",
}


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

    open: bool
    id: str


class HomeContext(LiveContext):
    """Context of the page about remote hosts; `unread` says why saved connections cannot be read."""

    said: str | None
    oldest: str
    hosts: list[SavedHost]
    unread: str


def home_context(request: HttpRequest) -> HomeContext:
    """The page of other machines: what runs, what is connected, what was saved."""
    pending_logins.sweep()
    oldest = ".".join(map(str, OLDEST_PYTHON))
    unread = ""
    try:
        found = saved.saved_connections()
    except RemoteError as error:
        found, unread = [], str(error.detail)
    connected = {connection.id for connection in pool.all()}
    hosts: list[SavedHost] = [
        {**one.to_dict(), "open": one.address.id in connected, "id": one.address.id} for one in found
    ]
    return {
        **live_context(),
        "said": SAID.get(request.GET.get("said", "")),
        "oldest": oldest,
        "hosts": hosts,
        "unread": unread,
    }


def live_context() -> LiveContext:
    """The viewers, mirrors and connections of this process."""
    sessions = [session_to_dict(session) for session in viewers.viewer_sessions()]
    mirrors, connections = mirroring.mirrors(), services.connections()
    return {"sessions": sessions, "mirrors": mirrors, "connections": connections}


class HostContext(TypedDict):
    """Context of the login form."""

    typed: Mapping[str, object]
    key: str
    ways: list[tuple[str, str]]
    wrong: NotRequired[dict[str, str]]
    saved: NotRequired[SavedConnection]


def host_context(
    typed: Mapping[str, object], key: str = "", field: str = "", sentence: str = ""
) -> HostContext:
    """The form of a login.

    Args:
        typed: what stands in its fields; never a secret.
        key: of the saved connection that it edits.
        field: the field that is wrong, if one is.
        sentence: what is wrong.
    """
    context: HostContext = {"typed": typed, "key": key, "ways": [(way, WAY_NAMES[way]) for way in WAYS]}
    if sentence:
        context["wrong"] = {field if field in FIELDS else "form": sentence_of(sentence)}
    if key:
        context["saved"] = saved.saved_connection(key).to_dict()
    return context


def saved_login(key: str) -> Login | None:
    """The login of a saved connection; `None` without a key.

    Raises:
        SavedConnectionNotFound: there is none.
        InvalidInput: what was saved cannot be decrypted any more.
        ConfigurationUnavailable: it cannot be read.
    """
    if not key:
        return None
    one = saved.saved_connection(key)
    return of_saved(one, saved.credentials(one))


def machine(connection_id: str) -> RemoteConnection:
    """An open connection as pages name it.

    Raises:
        ConnectionNotFound: there is none of that id.
    """
    for told in services.connections():
        if told["connection_id"] == connection_id:
            return told
    raise ConnectionNotFound(connection_id)


class StartContext(TypedDict):
    """Context of the form that starts a viewer."""

    machine: RemoteConnection
    choice: environments.Choice
    environment: Environment
    back: str
    browse: str
    typed: dict[str, str]
    suggested: bool


def start_context(connection_id: str, environment: str, typed: dict[str, str]) -> StartContext:
    """The page on which a viewer is started in an environment.

    Raises:
        as `choosing.choice`.
    """
    choice = environments.choice(connection_id, environment)
    root = typed.get("root") or choice.environment.root
    return {
        "machine": machine(connection_id),
        "choice": choice,
        "environment": choice.environment,
        "back": machine_address(connection_id),
        "browse": machine_address(
            connection_id, "remote-folders", environment=choice.environment.name, path=root
        ),
        "typed": {**typed, "root": root},
        "suggested": root == choice.environment.root,
    }


class Stage(TypedDict):
    """A stage of a start: `done`, `now`, `failed` or `later`, and the seconds it may take."""

    name: str
    label: str
    how: str
    seconds: float


class ViewerContext(TypedDict):
    """Context of the page of a viewer; a failed start can be repeated while its host is connected."""

    session: ViewerSession
    stages: list[Stage]
    underway: bool
    advice: str
    again: NotRequired[str]
    machine_page: NotRequired[str]


def viewer_context(session: Session) -> ViewerContext:
    """The page of a viewer: each stage of its start, and what became of it."""
    told = session_to_dict(session)
    failed = told["status"] == "failed"
    context: ViewerContext = {
        "session": told,
        "stages": stages(told["status"], told["stage"]),
        "underway": told["status"] in ("connecting", "reconnecting"),
        "advice": ADVICE[told["stage"]] if failed else "",
    }
    connection_id = told["connection_id"]
    if failed and any(one["connection_id"] == connection_id for one in services.connections()):
        where = {"environment": told["conda_env"], "root": told["remote_root"]}
        context["again"] = machine_address(connection_id, "remote-start", **where)
        context["machine_page"] = machine_address(connection_id)
    return context


def stages(state: str, stage: str) -> list[Stage]:
    """Every stage with `done`, `now`, `failed` or `later`, and the seconds it may take."""
    names = list(STAGES)
    at = names.index(stage) if stage in names else len(names)
    here = "failed" if state == "failed" else "now"
    found = []
    for place, name in enumerate(names):
        how = "done" if place < at else here if place == at else "later"
        found.append(Stage(name=name, label=STAGES[name], how=how, seconds=LIMITS[name]))
    return found


class FolderContext(TypedDict):
    """Context of the page that lists a remote folder, or says with `refused` why it cannot."""

    machine: RemoteConnection
    environment: str
    path: str
    refused: NotRequired[str]
    home: NotRequired[str]
    ways: NotRequired[list[tuple[str, str]]]
    folders: NotRequired[list[tuple[str, str]]]
    more: NotRequired[int]
    files: NotRequired[int]
    truncated: NotRequired[bool]
    use: NotRequired[str]


def folder_context(connection_id: str, environment: str, path: str) -> FolderContext:
    """The page on which a folder of another machine is chosen; what cannot be listed is told on it.

    Raises:
        ConnectionNotFound: there is no such connection.
    """
    context: FolderContext = {"machine": machine(connection_id), "environment": environment, "path": path}

    def to(place: str) -> str:
        return machine_address(connection_id, "remote-folders", environment=environment, path=place)

    try:
        folder = services.list_folder(connection_id=connection_id, path=path)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        return {**context, "refused": sentence_of(str(error.detail)), "home": to("~")}
    inside = folder.path.rstrip("/")
    parts = [part for part in folder.path.split("/") if part]
    ways = [("/", to("/"))] + [(part, to("/" + "/".join(parts[: n + 1]))) for n, part in enumerate(parts)]
    folders = [(one.name, to(f"{inside}/{one.name}")) for one in folder.items if one.is_dir]
    return {
        **context,
        "path": folder.path,
        "ways": ways,
        "folders": folders[:MOST_FOLDERS],
        "more": max(0, len(folders) - MOST_FOLDERS),
        "files": len(folder.items) - len(folders),
        "truncated": folder.truncated,
        "use": machine_address(connection_id, "remote-start", environment=environment, root=folder.path),
    }
