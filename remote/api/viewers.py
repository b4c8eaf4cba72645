"""API of remote viewers."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from remote.api.requests_viewers import CopyProgramBody, StartViewerBody, StopViewerBody, session_to_dict
from remote.services import connections, viewers
from runicorn.api.responses import remote as responses
from runicorn.api.responses.problem import Problem
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runicorn_site.web.pools import remote_io


@remote_io
@route(
    "POST",
    scope=Scope.ADMIN,
    body=StartViewerBody,
    returns={
        200: responses.StartedViewer,
        401: Problem,
        404: Problem,
        409: responses.StartConflict,
        503: Problem,
    },
)
def start_viewer(request: Request, body: dict[str, Any]) -> Response:
    """Start a remote viewer: connect, find the environment, start, open the tunnel, check its health.

    409 when the host key must be confirmed (`detail` is an object), when this program is not installed in the
    environment (`code` says why; `can_copy`, whether `/api/remote/wheel` helps), or when the local port is in use.
    """
    session = viewers.start_viewer(**body)
    running = session.state == "running"
    where = f"http://localhost:{session.tunnel.port}"
    message = f"Remote Viewer ready at {where}" if running else f"Remote Viewer is being started at {where}"
    return Response(responses.StartedViewer(ok=True, session=session_to_dict(session), message=message))


@remote_io
@route("POST", scope=Scope.ADMIN, body=StopViewerBody, returns=responses.Done, errors=[404, 503])
def stop_viewer(request: Request, body: dict[str, Any]) -> Response:
    """Close the tunnel, then stop the remote viewer. Without a connection the viewer exits later on its own."""
    viewers.stop_viewer(**body)
    return Response(responses.Done(ok=True, message=f"Session {body['session_id']} stopped"))


@route("GET", scope=Scope.ADMIN, returns=responses.ViewerSessionList)
def viewer_sessions(request: Request) -> Response:
    """List the viewers that are starting, running, reconnecting or failed, in the order of their start."""
    sessions = [session_to_dict(session) for session in viewers.viewer_sessions()]
    return Response(responses.ViewerSessionList(sessions=sessions))


@route("GET", scope=Scope.ADMIN, returns=responses.ViewerSession, errors=[404])
def viewer_status(request: Request, session_id: str) -> Response:
    """Return its state, the stage of its start, its latency, its error, and a one-time link."""
    return Response(session_to_dict(viewers.viewer_session(session_id=session_id)))


@route("GET", scope=Scope.ADMIN, returns=responses.RemoteStatus)
def remote_status(request: Request) -> Response:
    """Return all connections and viewers, with their counts."""
    connected = connections.connections()
    sessions = [session_to_dict(session) for session in viewers.viewer_sessions()]
    return Response(
        responses.RemoteStatus(
            connections=connected,
            viewer_sessions=sessions,
            connection_count=len(connected),
            viewer_session_count=len(sessions),
        )
    )


@remote_io
@route(
    "POST", scope=Scope.ADMIN, body=CopyProgramBody, returns=responses.CopiedProgram, errors=[403, 404, 503]
)
def copy_program(request: Request, body: dict[str, Any]) -> Response:
    """Copy this program into `~/.cache/runicorn` on the remote host, as two wheels; nothing is installed.

    The response contains the command that installs them into the environment; the user runs it on the remote host.
    """
    return Response(viewers.copy_program(connection_id=body["connection_id"], environment=body["conda_env"]))
