"""HTTP errors of artifacts; their messages come from `runicorn.artifacts`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework import status
from rest_framework.exceptions import APIException

from runicorn.artifacts import errors, uploads
from runicorn_site.web.service_error import ServiceError
from runs.services.write_through import one_file


class NotFound(ServiceError):
    """Unknown artifact, version, file or alias."""

    status_code = status.HTTP_404_NOT_FOUND


class Ambiguous(ServiceError):
    """Two types have an artifact of that name, and the request does not name the type."""

    status_code = status.HTTP_409_CONFLICT


class InvalidValue(ServiceError):
    """A value is invalid; `errors` names the field if the message does not."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, sentence: str, field: str | None = None, **values: object) -> None:
        super().__init__(sentence, **values)
        self.errors = {field: [self.sentence]} if field else {}


class Damaged(ServiceError):
    status_code = status.HTTP_409_CONFLICT


class Conflict(ServiceError):
    """A part of an upload does not start at the current size.

    Attributes:
        size: current size of the content in bytes.
    """

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, sentence: str, size: int | None = None) -> None:
        super().__init__(sentence)
        self.size = size


class Busy(ServiceError):
    """Files are being stored, so contents cannot be removed now."""

    status_code = status.HTTP_409_CONFLICT


class Unavailable(ServiceError):
    """The bucket with the contents cannot be used now."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE


_ANSWERS: tuple[tuple[type[errors.ArtifactError], type[APIException]], ...] = (
    (errors.ArtifactNotFound, NotFound),
    (errors.AmbiguousArtifact, Ambiguous),
    (errors.DamagedFile, Damaged),
    (errors.StoreBusy, Busy),
    (errors.SourceChanged, Damaged),
    (errors.PoolUnavailable, Unavailable),
)


@contextmanager
def http_errors() -> Iterator[None]:
    """Convert errors of `runicorn.artifacts` to HTTP errors.

    Raises:
        APIException: of this module, or `ReadOnlyStore` and `NotWritten` of the runs.
    """
    with one_file():
        try:
            yield
        except errors.ArtifactError as error:
            if isinstance(error, errors.NotSaved) and isinstance(error.__cause__, OSError):
                raise error.__cause__ from error
            if isinstance(error, uploads.UploadConflict):
                raise Conflict(str(error), error.size) from error
            if isinstance(error, errors.InvalidArtifact):
                raise InvalidValue(str(error), error.field) from error
            raise next(kind for wrong, kind in _ANSWERS if isinstance(error, wrong))(str(error)) from error
