"""Responses about remote hosts: connections, host keys, environments, files, viewers. Times are Unix seconds unless noted."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from runicorn.newer_python import NotRequired

ViewerState = Literal["connecting", "running", "reconnecting", "failed", "stopped"]


class Done(TypedDict):
    """The request was carried out."""

    ok: bool
    message: str


class Connected(TypedDict):
    """An open connection."""

    ok: bool
    connection_id: Annotated[str, "`user@host:port`, an IPv6 address in brackets."]
    host: str
    port: int
    username: str
    connected: bool


class RemoteConnection(TypedDict):
    """A connection in the list of connections."""

    key: Annotated[str, "The connection_id."]
    connection_id: str
    host: str
    port: int
    username: str
    connected: bool
    state: Literal["connected", "reconnecting", "closed"]
    auth_method: Annotated[str, "password, key or agent."]
    connected_at: float
    last_seen: Annotated[float, "When the host responded last."]
    latency_ms: Annotated[float | None, "Round trip."]
    reconnect_attempts: int
    error: Annotated[str, "Why it is not connected, as a sentence; empty while it is."]


class RemoteConnections(TypedDict):
    """The open connections, and those that are being restored."""

    sessions: list[RemoteConnection]


class AcceptedHostKey(TypedDict):
    """The key is trusted from now on."""

    ok: bool


class RemovedHostKey(TypedDict):
    """The key is no longer trusted."""

    ok: bool
    changed: Annotated[bool, "Whether there was such a key."]


class KnownHostEntry(TypedDict):
    """A trusted key of a host."""

    host: str
    port: int
    known_hosts_host: Annotated[str, "As written in the file."]
    key_type: str
    key_base64: str
    fingerprint_sha256: str


class KnownHostList(TypedDict):
    """The trusted keys, in the order of the file."""

    entries: list[KnownHostEntry]


class PresentedHostKey(TypedDict):
    """The key that a host presented, and the one that was expected."""

    host: str
    port: int
    known_hosts_host: str
    key_type: str
    fingerprint_sha256: str
    public_key: Annotated[str, "`<type> <base64>`"]
    reason: Literal["unknown", "changed"]
    expected_fingerprint_sha256: NotRequired[Annotated[str, "Only of a changed key."]]
    expected_public_key: NotRequired[Annotated[str, "Only of a changed key."]]


class HostKeyDetail(TypedDict):
    """The user has to confirm the host's key first."""

    code: Literal["HOST_KEY_CONFIRMATION_REQUIRED"]
    message: str
    host_key: PresentedHostKey


class HostKeyProblem(TypedDict):
    """The one error whose detail is an object."""

    detail: HostKeyDetail


class RemoteEnvironment(TypedDict):
    """A Python environment of a remote host."""

    name: str
    type: Literal["system", "conda", "virtualenv"]
    tool: Annotated[str, "system, conda, venv, pyenv, uv or pipx."]
    path: Annotated[str, "Path of its Python."]
    python_version: Annotated[str, "`Python 3.12.1`, or `Unknown` when it does not run."]
    python_supported: Annotated[bool, "Whether this Runicorn runs on it."]
    runicorn_version: str | None
    runicorn_is_ours: Annotated[bool, "Whether that is this program, and not another one of its name."]
    is_default: bool


class RemoteEnvironments(TypedDict):
    """The Python environments of a remote host."""

    ok: bool
    envs: list[RemoteEnvironment]


class RemoteConfig(TypedDict):
    """Defaults for a viewer that is started in an environment."""

    ok: bool
    condaEnv: str
    pythonVersion: str
    pythonPath: str
    pythonSupported: bool
    runicornVersion: str | None
    runicornIsOurs: bool
    defaultStorageRoot: str
    storageRootExists: bool
    suggestedRemotePort: Annotated[int, "Free a moment ago."]
    home: str
    connectionId: str


class RemoteEntry(TypedDict):
    """A file or folder on a remote host."""

    name: str
    is_dir: bool
    size: Annotated[int, "Bytes; 0 for folders."]
    mtime: Annotated[int, "Unix seconds."]


class RemoteFolder(TypedDict):
    """The content of a remote folder: folders first, then by name."""

    path: Annotated[str, "Absolute."]
    items: list[RemoteEntry]
    truncated: Annotated[bool, "Whether there is more than the first 10,000."]


class RemotePath(TypedDict):
    """Whether a remote path exists."""

    path: Annotated[str, "Absolute."]
    exists: bool
    is_dir: bool


class SavedConnection(TypedDict):
    """A saved connection, without its secrets."""

    key: Annotated[str, "`user@host:port@user`"]
    host: str
    port: int
    username: str
    name: str
    auth_method: Literal["password", "key", "agent"]
    remember_password: bool
    private_key_path: str | None
    has_password: bool
    has_private_key: bool
    has_passphrase: bool


class SavedConnectionList(TypedDict):
    """The saved connections."""

    connections: list[SavedConnection]


class SavedConnectionDetail(TypedDict):
    """One saved connection."""

    ok: bool
    connection: SavedConnection


class ConnectionSaved(TypedDict):
    """A connection was saved."""

    ok: bool
    message: str
    key: str


class AllSavedConnections(TypedDict):
    """The saved connections, each with the further fields that it was saved with."""

    ok: bool
    connections: list[SavedConnection]


class ViewerSessionFields(TypedDict):
    """A remote viewer and the tunnel to it."""

    session_id: str
    connection_id: Annotated[str, "`user@host:port`"]
    host: Annotated[str, "The SSH host."]
    ssh_port: int
    username: str
    local_port: Annotated[int, "Of this machine; it does not change."]
    remote_port: Annotated[int, "Of the remote host; 0 until it is known."]
    remote_root: Annotated[str, "As requested, then absolute."]
    remote_pid: int | None
    remote_version: str | None
    conda_env: Annotated[str, "The name of the environment."]
    status: ViewerState
    stage: Annotated[str, "Of a start: connect, environment, start, tunnel, health; else empty."]
    error: Annotated[str | None, "Why it does not run, as a sentence."]
    started_at: Annotated[int, "Unix milliseconds."]
    uptime_seconds: float
    is_active: bool
    latency_ms: Annotated[float | None, "Of a request through the tunnel."]
    last_seen: Annotated[float | None, "When it responded last."]
    reconnect_attempts: int
    url: Annotated[str, "Opens it in a browser, once, within five minutes; a new one in every response."]
    token: Annotated[str | None, "Bearer token for programs, at `local_port`; null while it does not run."]


class ViewerSession(ViewerSessionFields):
    """A remote viewer and the tunnel to it; open `url`. Every key is there in camelCase too."""

    sessionId: str
    connectionId: str
    sshPort: int
    localPort: int
    remotePort: int
    remoteRoot: str
    remotePid: int | None
    remoteVersion: str | None
    condaEnv: str
    startedAt: int
    uptimeSeconds: float
    isActive: bool
    latencyMs: float | None
    lastSeen: float | None
    reconnectAttempts: int


class StartedViewer(TypedDict):
    """A viewer that was started, or is being started."""

    ok: bool
    session: ViewerSession
    message: str


class ViewerSessionList(TypedDict):
    """The remote viewers."""

    sessions: list[ViewerSession]


class StartConflict(TypedDict):
    """Why a viewer cannot be started before the user does something."""

    detail: Annotated[Any, "A sentence; about the host's key an object, see `/api/remote/connect`."]
    code: NotRequired[
        Annotated[str, "PYTHON_TOO_OLD, RUNICORN_MISSING, RUNICORN_TOO_OLD or RUNICORN_FOREIGN."]
    ]
    can_copy: NotRequired[Annotated[bool, "Whether `/api/remote/wheel` helps."]]
    environment: NotRequired[str]
    python: NotRequired[Annotated[str, "The path of its Python."]]
    python_version: NotRequired[str]
    version: NotRequired[Annotated[str | None, "Of the runicorn in it."]]


class RemoteStatus(TypedDict):
    """Connections and viewers together."""

    connections: list[RemoteConnection]
    viewer_sessions: list[ViewerSession]
    connection_count: int
    viewer_session_count: int


class CopiedProgram(TypedDict):
    """Location of this program's copy on a remote host."""

    ok: bool
    file: Annotated[str, "Absolute; the wheel of the server."]
    files: Annotated[list[str], "Absolute; the wheels of the SDK and of the server."]
    size: Annotated[int, "Bytes of all files."]
    python: Annotated[str, "The Python of the environment."]
    command: Annotated[str, "Installs the files, in a shell on the remote host."]
    message: str
