"""Errors of requests for runs, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status

from runicorn.message import Message
from runicorn_site.web.service_error import ServiceError


class RunNotFound(ServiceError):
    """No run with this id is in the active storage root."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__("Run not found: {run_id}", run_id=run_id)


class ExperimentNotFound(ServiceError):
    """No run with this id is in the active storage root; error of API V2."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__("Experiment {run_id} not found", run_id=run_id)


class InvalidRunId(ServiceError):
    """An id without the form of a run id; a page answers it like an unknown run."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, run_id: str, field: str = "run_id") -> None:
        super().__init__(
            "Invalid run_id format: {run_id}. Expected format: YYYYMMDD_HHMMSS_XXXXXX", run_id=run_id
        )
        self.errors = {field: [self.sentence]}
        self.run_id = run_id

    @property
    def on_page(self) -> ServiceError:
        return RunNotFound(self.run_id)


class OutsideRoot(ServiceError):
    """The run's folder is a link that leads out of the storage root; it is never followed."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, run_id: str) -> None:
        super().__init__("Run not found: {run_id}", run_id=run_id)


class NoActiveRoot(ServiceError):
    """The process serves no storage root yet."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("No storage root is open")


class NoSuchFile(ServiceError):
    """The run has no file of that name, or it is outside the run's folder."""

    status_code = status.HTTP_404_NOT_FOUND


class FileRefused(ServiceError):
    """An uploaded file is not one of a run, or its parameters are wrong."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str, field: str, **values: object) -> None:
        super().__init__(sentence, **values)
        self.errors = {field: [self.sentence]}


class FileConflict(ServiceError):
    """An uploaded file conflicts with the existing one.

    Attributes:
        size: current size of the file in bytes, where that is the conflict.
        same_store: whether the sender writes into this very store.
    """

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, sentence: str, size: int | None, same_store: bool = False) -> None:
        super().__init__(sentence)
        self.size = size
        self.same_store = same_store


class FileNotReadable(ServiceError):
    """A file of the run is a link or not a regular file, which are never followed or opened, or cannot be read."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, name: str, reason: str) -> None:
        super().__init__("{name} of the run cannot be read: {reason}", name=name, reason=reason)


class RunInUse(ServiceError):
    """The run cannot be moved now."""

    status_code = status.HTTP_409_CONFLICT


class NoteChanged(ServiceError):
    """The note is not the one that was edited."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self) -> None:
        super().__init__("The note was changed meanwhile, and was not overwritten.")


class NoteTooLong(ServiceError):
    """A paragraph does not fit into the note."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {"append_description": [self.sentence]}


READ_ONLY = Message("The storage root is read-only")


class ReadOnlyStore(ServiceError):
    """The storage root cannot be written, so nothing was changed."""

    status_code = status.HTTP_403_FORBIDDEN

    def __init__(self, reason: str = READ_ONLY) -> None:
        super().__init__("{reason}: nothing was changed", reason=reason)


class NotWritten(ServiceError):
    """A file of the storage root could not be written for another reason than permissions."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__("The change could not be written: {reason}", reason=reason)


class NoSpace(ServiceError):
    """The disk of the storage root is full."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    foreseen = True

    def __init__(self, reason: str) -> None:
        super().__init__("Nothing was written: {reason}", reason=reason)


class InvalidPattern(ServiceError):
    """A regular expression is malformed."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, reason: str, position: int | None) -> None:
        if position is None:
            super().__init__("Invalid regular expression: {reason}.", reason=reason)
        else:
            super().__init__(
                "Invalid regular expression: {reason} at position {position}.",
                reason=reason,
                position=position + 1,
            )
        self.errors = {"search": [self.sentence]}


class SearchTooLong(ServiceError):
    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self) -> None:
        super().__init__(
            "This regular expression takes too long on this log. Simplify it, or search for a word."
        )
        self.errors = {"search": [self.sentence]}
