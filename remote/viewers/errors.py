"""Errors of remote viewers; errors of remote hosts are in `remote/errors.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import status

from remote.errors import RemoteError, RemoteOperationFailed
from runicorn.message import gettext_noop


class ProgramNotInstalled(RemoteError):
    """This program is missing in an environment, too old, or replaced by another one of its name."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, code: str, sentence: str, more: dict[str, Any]) -> None:
        """Create an error with additional fields.

        Args:
            code: PYTHON_TOO_OLD, RUNICORN_MISSING, RUNICORN_TOO_OLD or RUNICORN_FOREIGN.
            sentence: the problem and what to do.
            more: fields beside the detail: the environment, and how to install this program there.
        """
        super().__init__(sentence)
        self.code = code
        self.more = {"code": code, **more}


class ViewerFailed(RemoteOperationFailed):
    """A stage of the start failed or timed out, or the viewer has exited."""


SLOW = {
    "connect": gettext_noop("The connection to {host} was not established within {seconds} s. Try again."),
    "environment": gettext_noop("The environments of {host} were not found within {seconds} s. Try again."),
    "start": gettext_noop("The viewer on {host} did not start within {seconds} s. Try again."),
    "tunnel": gettext_noop("{host} did not open the tunnel to the viewer within {seconds} s. Try again."),
    "health": gettext_noop("The viewer on {host} did not answer within {seconds} s. Try again."),
}
"""Errors of stages that timed out."""


class StageTimedOut(ViewerFailed):
    def __init__(self, stage: str, host: str, seconds: float) -> None:
        super().__init__(SLOW[stage], host=host, seconds=f"{seconds:.0f}")


class ForeignProgram(RemoteOperationFailed):
    """The program that answers on the remote port is not the viewer that was started."""


class SessionNotFound(RemoteError):
    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, session_id: str) -> None:
        super().__init__("Session not found: {session_id}", session_id=session_id)


class TooManySessions(RemoteError):
    """The limit of sessions per process is reached."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__("{most} remote viewers are open already. Stop one of them first.", most=limit)
