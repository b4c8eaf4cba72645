"""The API of other machines: connections, the keys of hosts, environments, files."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from remote.api import schemas
from remote.api.requests import (
    AcceptedKey,
    ConnectionQuery,
    EnvironmentQuery,
    FolderQuery,
    ForgottenKey,
    PathQuery,
    Place,
    SSHLogin,
    connection_answer,
    given,
)
from remote.services import connections
from runicorn_site.web.pools import remote_io

FIELDS = connections.FIELDS
OVER_THERE: dict[int, Any] = {403: schemas.Problem, 404: schemas.Problem, 503: schemas.Problem}


@remote_io
class Connect(APIView):
    """A connection to another machine."""

    @extend_schema(
        request=SSHLogin,
        responses={
            200: schemas.Connected,
            401: schemas.Problem,
            409: schemas.HostKeyProblem,
            503: schemas.Problem,
        },
    )
    def post(self, request: Request) -> Response:
        """Connect, or join the connection that is there with the same credentials. Takes at most 10 s.

        409 when nobody here has accepted the host's key yet, or it shows another one than before.
        """
        asked = given(SSHLogin, request.data)
        held = connections.connect(**asked)
        return Response(connection_answer(held.address, held.state == "connected"))


class Connections(APIView):
    """The connections to other machines."""

    @extend_schema(responses={200: schemas.RemoteConnections})
    def get(self, request: Request) -> Response:
        """Those that are open, and those that were lost and are being made again."""
        return Response({"sessions": connections.connections()})


@remote_io
class Disconnect(APIView):
    """The end of a connection."""

    @extend_schema(request=Place, responses={200: schemas.Ended, 404: schemas.Problem})
    def post(self, request: Request) -> Response:
        """End it, and the viewers that run over it."""
        connections.disconnect(**given(Place, request.data))
        return Response({"ok": True, "message": "Connection removed"})


class AcceptHostKey(APIView):
    """A key that is trusted from now on."""

    @extend_schema(request=AcceptedKey, responses={200: schemas.Accepted, 503: schemas.Problem})
    def post(self, request: Request) -> Response:
        """Trust a key that the host showed within the last ten minutes, in place of those it had."""
        connections.accept_host_key(**given(AcceptedKey, request.data))
        return Response({"ok": True})


class KnownHosts(APIView):
    """The keys of known hosts."""

    @extend_schema(responses={200: schemas.KnownHostList, 503: schemas.Problem})
    def get(self, request: Request) -> Response:
        """In the order of the file, one for each name of a host."""
        entries = [{field: getattr(row, field) for field in FIELDS} for row in connections.known_hosts()]
        return Response({"entries": entries})


class RemoveHostKey(APIView):
    """A key that is not trusted any more."""

    @extend_schema(request=ForgottenKey, responses={200: schemas.Forgotten, 503: schemas.Problem})
    def post(self, request: Request) -> Response:
        """Forget the keys of a type that a host is known by; connections that are open stay."""
        return Response(
            {"ok": True, "changed": connections.remove_host_key(**given(ForgottenKey, request.data))}
        )


@remote_io
class Environments(APIView):
    """The Pythons of another machine."""

    @extend_schema(parameters=[ConnectionQuery], responses={200: schemas.RemoteEnvironments, **OVER_THERE})
    def get(self, request: Request) -> Response:
        """System, conda and virtual environments, with the version of Python and of the Runicorn in each."""
        return Response(
            {"ok": True, "envs": connections.environments(**given(ConnectionQuery, request.query_params))}
        )


@remote_io
class RemoteConfig(APIView):
    """What a viewer over there would begin with."""

    @extend_schema(parameters=[EnvironmentQuery], responses={200: schemas.RemoteConfig, **OVER_THERE})
    def get(self, request: Request) -> Response:
        """Versions, the storage root that a training started there would use, and a free port."""
        asked = given(EnvironmentQuery, request.query_params)
        return Response(
            connections.config(connection_id=asked["connection_id"], environment=asked["conda_env"])
        )


@remote_io
class RemoteFolder(APIView):
    """A folder over there."""

    @extend_schema(parameters=[FolderQuery], responses={200: schemas.RemoteFolder, **OVER_THERE})
    def get(self, request: Request) -> Response:
        """What lies in it: folders first, then by name; links count as what they lead to."""
        return Response(connections.list_folder(**given(FolderQuery, request.query_params)).told())


@remote_io
class RemotePath(APIView):
    """A path over there."""

    @extend_schema(parameters=[PathQuery], responses={200: schemas.RemotePath, **OVER_THERE})
    def get(self, request: Request) -> Response:
        """Whether something is there, and whether it is a folder."""
        place, kind = connections.look_at(**given(PathQuery, request.query_params))
        return Response({"path": place, "exists": kind is not None, "is_dir": kind == "folder"})
