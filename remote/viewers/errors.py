"""What can go wrong with a viewer on another machine; see `remote/errors.py` for what goes wrong with the machine.

ProgramNotInstalled           409  our program is not in the environment, is too old, or another one has its name; says what to do
ViewerFailed       503  a stage of the start failed, or took too long
ForeignProgram            503  another program listens on it
SessionNotFound          404  no session has that id
TooManySessions            409  as many sessions as one process may hold
"""

from __future__ import annotations

from typing import Any

from rest_framework import status

from remote.errors import RemoteError, RemoteOperationFailed


class ProgramNotInstalled(RemoteError):
    """Our program cannot be started in an environment as it is."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, code: str, sentence: str, more: dict[str, Any]) -> None:
        """An answer with more than a sentence.

        Args:
            code: PYTHON_TOO_OLD, RUNICORN_MISSING, RUNICORN_TOO_OLD or RUNICORN_FOREIGN.
            sentence: what is the matter and what to do.
            more: fields that stand beside the detail: the environment, and the way to bring our program there.
        """
        super().__init__(sentence)
        self.code = code
        self.more = {"code": code, **more}


class ViewerFailed(RemoteOperationFailed):
    """A viewer could not be started, or has ended."""


class ForeignProgram(RemoteOperationFailed):
    """Whoever answers on the port over there is not the viewer that was started."""


class SessionNotFound(RemoteError):
    """There is no viewer session of that id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session not found: {session_id}")


class TooManySessions(RemoteError):
    """As many viewers run as one process may hold."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} viewers on other machines are open already: stop one of them first.")
