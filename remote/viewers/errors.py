"""Errors of remote viewers; errors of remote hosts are in `remote/errors.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import status

from remote.errors import RemoteError, RemoteOperationFailed


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


class ForeignProgram(RemoteOperationFailed):
    """The program that answers on the remote port is not the viewer that was started."""


class SessionNotFound(RemoteError):
    """No session has that id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session not found: {session_id}")


class TooManySessions(RemoteError):
    """The limit of sessions per process is reached."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} remote viewers are open already. Stop one of them first.")
