"""The API of viewers on other machines."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from remote.api import schemas_viewers
from remote.api.requests import given
from remote.api.requests_viewers import ProgramCopy, ViewerStart, ViewerStop, session_answer
from remote.api.schemas import Ended, Problem
from remote.services import connections, viewers
from runicorn_site.web.pools import remote_io


@remote_io
class StartViewer(APIView):
    """A viewer on another machine."""

    @extend_schema(
        request=ViewerStart,
        responses={
            200: schemas_viewers.Started,
            401: Problem,
            404: Problem,
            409: schemas_viewers.StartConflict,
            503: Problem,
        },
    )
    def post(self, request: Request) -> Response:
        """Start it and a tunnel to it: connect, find the environment, start, open the tunnel, ask for a sign of life.

        409 when the host's key has to be looked at (`detail` is an object), when this program is not in the
        environment (`code` says why; `can_copy`, whether `/api/remote/wheel` helps), or when the port here is taken.
        """
        session = viewers.start_viewer(**given(ViewerStart, request.data))
        running = session.state == "running"
        where = f"http://localhost:{session.tunnel.port}"
        message = (
            f"Remote Viewer ready at {where}" if running else f"Remote Viewer is being started at {where}"
        )
        return Response({"ok": True, "session": session_answer(session), "message": message})


@remote_io
class StopViewer(APIView):
    """The end of a viewer on another machine."""

    @extend_schema(request=ViewerStop, responses={200: Ended, 404: Problem, 503: Problem})
    def post(self, request: Request) -> Response:
        """End the tunnel, then the viewer over there. Without a connection that one ends by itself, later."""
        asked = given(ViewerStop, request.data)
        viewers.stop_viewer(**asked)
        return Response({"ok": True, "message": f"Session {asked['session_id']} stopped"})


class ViewerSessions(APIView):
    """The viewers on other machines."""

    @extend_schema(responses={200: schemas_viewers.ViewerSessionList})
    def get(self, request: Request) -> Response:
        """Those that run, are being started or reached again, or have failed, in the order of their start."""
        return Response({"sessions": [session_answer(session) for session in viewers.viewer_sessions()]})


class ViewerStatus(APIView):
    """One viewer on another machine."""

    @extend_schema(responses={200: schemas_viewers.ViewerSession, 404: Problem})
    def get(self, request: Request, session_id: str) -> Response:
        """How it is: the stage of its start, its latency, why it failed, and an address that opens it once."""
        return Response(session_answer(viewers.viewer_status(session_id=session_id)))


class RemoteStatus(APIView):
    """Connections and viewers together."""

    @extend_schema(responses={200: schemas_viewers.RemoteStatus})
    def get(self, request: Request) -> Response:
        """All connections and viewers, with their numbers."""
        connected: list[Any] = connections.connections()
        told = [session_answer(session) for session in viewers.viewer_sessions()]
        return Response(
            {
                "connections": connected,
                "viewer_sessions": told,
                "connection_count": len(connected),
                "viewer_session_count": len(told),
            }
        )


@remote_io
class CopyProgram(APIView):
    """This program on its way to another machine."""

    @extend_schema(
        request=ProgramCopy,
        responses={200: schemas_viewers.ProgramCopied, 403: Problem, 404: Problem, 503: Problem},
    )
    def post(self, request: Request) -> Response:
        """Copy it into `~/.cache/runicorn` over there, as a wheel; nothing is installed by that.

        The answer has the command that installs it into the environment, to be run there by its user.
        """
        asked = given(ProgramCopy, request.data)
        return Response(
            viewers.copy_program(connection_id=asked["connection_id"], environment=asked["conda_env"])
        )
