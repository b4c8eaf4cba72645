"""What can go wrong when a run is asked for or changed; each error knows its HTTP status.

RunNotFound    404  no such run in the active root (or it is in the recycle bin);
                    ExperimentNotFound says the same in the words of V2
InvalidRunId   400  not the form of a run id, and no run of that name exists
OutsideRoot    404  a link leads out of the storage root
NoSuchFile     404  the run has no such file
ReadOnlyStore  403  the storage root, or this part of it, cannot be written
NotWritten     503  writing failed for another reason
NoSpace        507  the disk is full, or only its reserve is left
FileRefused    400  the program of another machine sends a file that a run does not have, or not like that
FileConflict   409  what it sends does not fit what is there
NoActiveRoot   503  no storage root has been opened by this process
"""

from __future__ import annotations

from rest_framework import status
from rest_framework.exceptions import APIException


class RunNotFound(APIException):
    """No run of that id is in the active storage root."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run not found: {run_id}")


class ExperimentNotFound(APIException):
    """No run of that id is in the active storage root, in the words of V2."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Experiment {run_id} not found")


class InvalidRunId(APIException):
    """The text cannot be a run id."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, run_id: str, field: str = "run_id") -> None:
        sentence = f"Invalid run_id format: {run_id}. Expected format: YYYYMMDD_HHMMSS_XXXXXX"
        super().__init__(sentence)
        self.errors = {field: [sentence]}


class OutsideRoot(APIException):
    """The run's folder is a link that leads out of the storage root; it is never followed."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run not found: {run_id}")


class NoActiveRoot(APIException):
    """The process serves no storage root yet."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("No storage root is open")


class NoSuchFile(APIException):
    """The run has no file of that name, or it lies elsewhere."""

    status_code = status.HTTP_404_NOT_FOUND


class FileRefused(APIException):
    """The program of another machine sends what is no file of a run, or not as it is sent."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.errors = {field: [sentence]}


class FileConflict(APIException):
    """What the program of another machine sends does not fit what is there.

    Attributes:
        size: bytes of the file that are there, where that is the question.
        same_store: whether that program writes into this very store.
    """

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, sentence: str, size: int | None, same_store: bool = False) -> None:
        super().__init__(sentence)
        self.size = size
        self.same_store = same_store


class ReadOnlyStore(APIException):
    """What the server decides is written into the storage root first, and that is not possible here."""

    status_code = status.HTTP_403_FORBIDDEN

    def __init__(self, reason: str = "The storage root is read-only") -> None:
        super().__init__(f"{reason}: nothing was changed")


class NotWritten(APIException):
    """A file of the storage root could not be written although its folder may be."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__(f"The change could not be written: {reason}")


class NoSpace(APIException):
    """The disk of the storage root has no room for what was sent."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    foreseen = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"Nothing was written: {reason}")
