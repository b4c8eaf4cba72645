"""Remote viewers, started and reached through SSH by the server."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.errors import ConflictError
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses import remote as responses

PATIENCE = 120.0
"""Timeout in seconds of requests that wait for a remote host."""


class RemoteAPI:
    """Remote viewers, as `client.remote`. A connection is named by its `connection_id`, `user@host:port`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def connect(
        self,
        host: str,
        port: int = 22,
        username: str | None = None,
        password: str | None = None,
        private_key_path: str | None = None,
        passphrase: str | None = None,
        private_key: str | None = None,
        use_agent: bool = True,
    ) -> responses.Connected:
        """Connect the server to a remote host: `{"ok", "connection_id", "host", "port", "username", "connected"}`.

        Args:
            host: host name or address.
            port: port of the SSH server.
            username: remote user; by default the name of the local user.
            password: password, for password authentication.
            private_key_path: path of a key file on the server's machine.
            passphrase: passphrase of the key.
            private_key: the key as text.
            use_agent: try the keys of the SSH agent on the server's machine.

        Raises:
            ConflictError: the host key is unknown or changed; pass the error to `accept_host_key`.
            AuthenticationError: the remote host rejected the credentials.
            ServerError: the remote host cannot be reached.
            BadRequestError: an argument is invalid.
        """
        body = {
            "host": host,
            "port": port,
            "username": username or getpass.getuser(),
            "password": password,
            "private_key_path": private_key_path,
            "passphrase": passphrase,
            "private_key": private_key,
            "use_agent": use_agent,
        }
        body_fields = {name: value for name, value in body.items() if value is not None}
        return cast("responses.Connected", self._post("connect", body=body_fields))

    def accept_host_key(self, host_key: ConflictError | dict[str, Any]) -> responses.AcceptedHostKey:
        """Trust a host key from now on. Compare its fingerprint with the host's own first.

        Args:
            host_key: the error of `connect`, or its `host_key`.

        Raises:
            BadRequestError: the host never presented that key.
            ValueError: the error is not about a host key.
        """
        key = host_key.host_key if isinstance(host_key, ConflictError) else host_key
        if not key:
            raise ValueError("The error has no host key to accept")
        fields = ("host", "port", "key_type", "public_key", "fingerprint_sha256")
        body = {field: key[field] for field in fields if field in key}
        return cast("responses.AcceptedHostKey", self._post("known-hosts", "accept", body=body))

    def disconnect(self, host: str, port: int = 22, username: str | None = None) -> responses.Done:
        """Close a connection and stop the viewers that use it.

        Args:
            host: a `connection_id`, or a host with `port` and `username`.
            port: port of the SSH server.
            username: remote user; by default the name of the local user.

        Raises:
            NotFoundError: the connection does not exist.
        """
        if "@" in host:
            username, _, address = host.rpartition("@")
            host, _, number = address.rpartition(":")
            port = int(number)
        body = {"host": host.strip("[]"), "port": port, "username": username or getpass.getuser()}
        return cast("responses.Done", self._post("disconnect", body=body))

    def list_sessions(self) -> list[responses.RemoteConnection]:
        """Return the SSH connections of the server."""
        return cast("list[responses.RemoteConnection]", self._get("sessions")["sessions"])

    def start_viewer(
        self,
        connection_id: str,
        remote_root: str,
        local_port: int | None = None,
        remote_port: int | None = None,
        conda_env: str | None = None,
    ) -> responses.ViewerSession:
        """Start a viewer on the remote host and a tunnel to it; `url` of the response opens it. Takes some seconds.

        Args:
            connection_id: an open connection.
            remote_root: remote storage root; `~` is the remote home.
            local_port: local port of the tunnel; by default a free one.
            remote_port: port of the remote viewer; by default a free one.
            conda_env: name of an environment of `list_environments`.

        Raises:
            NotFoundError: the connection does not exist.
            BadRequestError: an argument makes no sense.
            ServerError: it could not be started; the message says why.
        """
        body = {
            "connection_id": connection_id,
            "remote_root": remote_root,
            "local_port": local_port,
            "remote_port": remote_port,
            "conda_env": conda_env,
        }
        body_fields = {name: value for name, value in body.items() if value is not None}
        return cast("responses.ViewerSession", self._post("viewer", "start", body=body_fields)["session"])

    def stop_viewer(self, session_id: str) -> responses.Done:
        """Stop a viewer on the remote host and close the tunnel to it.

        Raises:
            NotFoundError: the session does not exist.
        """
        return cast("responses.Done", self._post("viewer", "stop", body={"session_id": session_id}))

    def list_viewer_sessions(self) -> list[responses.ViewerSession]:
        """Return the remote viewers."""
        return cast("list[responses.ViewerSession]", self._get("viewer", "sessions")["sessions"])

    def list_remote_directory(self, connection_id: str, path: str = "~") -> list[responses.RemoteEntry]:
        """Return the content of a remote folder: folders first, then by name.

        Raises:
            NotFoundError: the connection or folder does not exist.
        """
        answer = self._get("fs", "list", connection_id=connection_id, path=path)
        return cast("list[responses.RemoteEntry]", answer["items"])

    def check_remote_path(self, connection_id: str, path: str) -> bool:
        """Return whether a remote file or folder exists."""
        return bool(self._get("fs", "exists", connection_id=connection_id, path=path)["exists"])

    def list_environments(self, connection_id: str) -> list[responses.RemoteEnvironment]:
        """Return the Python environments of the remote host: system, conda and virtual environments.

        Raises:
            NotFoundError: the connection does not exist.
        """
        answer = self._get("conda-envs", connection_id=connection_id)
        return cast("list[responses.RemoteEnvironment]", answer["envs"])

    def get_remote_status(self) -> responses.RemoteStatus:
        """Return connections and viewers together, with their numbers."""
        return cast("responses.RemoteStatus", self._get("status"))

    def _get(self, *parts: str, **params: Any) -> Any:
        path = urls.path("remote", *parts)
        return self._transport.json(
            "GET", path, params=urls.query(params), timeout=max(PATIENCE, self._transport.timeout)
        )

    def _post(self, *parts: str, body: dict[str, Any]) -> Any:
        path, timeout = urls.path("remote", *parts), max(PATIENCE, self._transport.timeout)
        return self._transport.json("POST", path, body=body, timeout=timeout)
