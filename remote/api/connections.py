"""API of connections, host keys, environments and files of remote hosts."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from remote.api.requests import (
    AcceptHostKeyBody,
    AddressBody,
    ConnectBody,
    ConnectionQuery,
    EnvironmentQuery,
    FolderQuery,
    PathQuery,
    RemoveHostKeyBody,
)
from remote.services import connections
from runicorn.api.responses import remote as responses
from runicorn.api.responses.problem import Problem
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import remote_io

REMOTE_ERRORS = (403, 404, 503)


@remote_io
@route(
    "POST",
    scope=Scope.ADMIN,
    body=ConnectBody,
    returns={
        200: responses.Connected,
        401: Problem,
        409: responses.HostKeyProblem,
        503: Problem,
    },
)
def connect(request: Request, body: dict[str, Any]) -> Response:
    """Connect, or reuse the open connection that was made with the same credentials. Takes at most 10 s.

    409 when the host's key is unknown or has changed.
    """
    connection = connections.connect(**body)
    address = connection.address
    return Response(
        responses.Connected(
            ok=True,
            connection_id=address.id,
            host=address.host,
            port=address.port,
            username=address.username,
            connected=connection.state == "connected",
        )
    )


@route("GET", scope=Scope.ADMIN, returns=responses.RemoteConnections)
def connections_view(request: Request) -> Response:
    """List the connections that are open, and those that were lost and are being restored."""
    return Response(responses.RemoteConnections(sessions=connections.connections()))


@remote_io
@route("POST", scope=Scope.ADMIN, body=AddressBody, returns=responses.Done, errors=[404])
def disconnect(request: Request, body: dict[str, Any]) -> Response:
    """Close a connection and stop the viewers that run over it."""
    connections.disconnect(**body)
    return Response(responses.Done(ok=True, message="Connection removed"))


@route("POST", scope=Scope.ADMIN, body=AcceptHostKeyBody, returns=responses.AcceptedHostKey, errors=[503])
def accept_host_key(request: Request, body: dict[str, Any]) -> Response:
    """Trust a key that the host presented within the last ten minutes; it replaces the host's earlier keys."""
    connections.accept_host_key(**body)
    return Response(responses.AcceptedHostKey(ok=True))


@route("GET", scope=Scope.ADMIN, returns=responses.KnownHostList, errors=[503])
def known_hosts(request: Request) -> Response:
    """List the trusted keys in the order of the file, one item for each host name."""
    entries = [
        responses.KnownHostEntry(
            host=row.host,
            port=row.port,
            known_hosts_host=row.known_hosts_host,
            key_type=row.key_type,
            key_base64=row.key_base64,
            fingerprint_sha256=row.fingerprint_sha256,
        )
        for row in connections.known_hosts()
    ]
    return Response(responses.KnownHostList(entries=entries))


@route("POST", scope=Scope.ADMIN, body=RemoveHostKeyBody, returns=responses.RemovedHostKey, errors=[503])
def remove_host_key(request: Request, body: dict[str, Any]) -> Response:
    """Remove a host's keys of one type; open connections are kept."""
    return Response(responses.RemovedHostKey(ok=True, changed=connections.remove_host_key(**body)))


@remote_io
@route(
    "GET",
    scope=Scope.ADMIN,
    query=ConnectionQuery,
    returns=responses.RemoteEnvironments,
    errors=REMOTE_ERRORS,
)
def environments(request: Request, query: dict[str, Any]) -> Response:
    """List system, conda and virtual environments with their versions of Python and Runicorn."""
    return Response(responses.RemoteEnvironments(ok=True, envs=connections.environments(**query)))


@remote_io
@route("GET", scope=Scope.ADMIN, query=EnvironmentQuery, returns=responses.RemoteConfig, errors=REMOTE_ERRORS)
def remote_config(request: Request, query: dict[str, Any]) -> Response:
    """Return versions, the storage root that a training script in the environment would use, and a free port."""
    return Response(connections.config(connection_id=query["connection_id"], environment=query["conda_env"]))


@remote_io
@route("GET", scope=Scope.ADMIN, query=FolderQuery, returns=responses.RemoteFolder, errors=REMOTE_ERRORS)
def remote_folder(request: Request, query: dict[str, Any]) -> Response:
    """List a folder: folders first, then by name; links count as their targets."""
    return Response(connections.list_folder(**query).to_dict())


@remote_io
@route("GET", scope=Scope.ADMIN, query=PathQuery, returns=responses.RemotePath, errors=REMOTE_ERRORS)
def remote_path(request: Request, query: dict[str, Any]) -> Response:
    """Return whether the path exists, and whether it is a folder."""
    path, kind = connections.path_kind(**query)
    return Response(responses.RemotePath(path=path, exists=kind is not None, is_dir=kind == "folder"))
