"""Versions and errors of the files of a project in requests: boards and documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from runicorn.store.layout import InvalidName
from runicorn.store.project.board_schema import InvalidBoard
from runicorn.store.project.boards import BoardChanged, BoardNotFound
from runicorn.store.project.documents import ANY, NONE, DocumentChanged, DocumentNotFound, InvalidDocument
from runs.active_root import active_root
from runs.query import projects
from runs.services.write_through import one_file

ERRORS = (400, 403, 404)
IF_MATCH, IF_NONE_MATCH = (
    OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)
    for name, description in (
        ("If-Match", "The `etag` that the change builds on."),
        ("If-None-Match", "`*` to replace nothing."),
    )
)


def root() -> Path:
    """Return the active storage root."""
    return Path(active_root().path)


def root_of(project: str) -> Path:
    """Return the storage root, if it has that project: a file makes no project."""
    if not projects.exists(active_root(), project):
        raise NotFound(f"Project not found: {project}")
    return root()


def expected_version(request: Request, default: str = ANY) -> str:
    """Return the version that a change builds on: of the headers, else `default`."""
    if request.headers.get("If-None-Match", "").strip() == "*":
        return NONE
    etag = request.headers.get("If-Match", "").strip()
    return etag.removeprefix("W/").strip('"') if etag else default


def conflict(error: BoardChanged | DocumentChanged) -> Response:
    """Return the response to a change that builds on another version; it has the stored one."""
    return Response({"detail": str(error), "etag": error.etag}, status=status.HTTP_409_CONFLICT)


def versioned(answer: object, etag: str, code: int = status.HTTP_200_OK) -> Response:
    """Return a response with the version of the file."""
    return Response(answer, status=code, headers={"ETag": f'"{etag}"'})


@contextmanager
def store_errors(field: str = "name") -> Iterator[None]:
    """Convert errors of the store into those of a request, that of a malformed name into one of `field`."""
    try:
        with one_file():
            yield
    except (BoardNotFound, DocumentNotFound) as error:
        kind = "Board" if isinstance(error, BoardNotFound) else "Document"
        raise NotFound(f"{kind} not found: {error}") from error
    except (InvalidBoard, InvalidDocument) as error:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(error)]}) from error
    except InvalidName as error:
        raise ValidationError({field: [str(error)]}) from error
