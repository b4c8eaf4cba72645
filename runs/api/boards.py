"""Routes of boards: arrangements of charts of a project, stored as files beside its runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from runicorn.api.responses.boards import Board, BoardConflict, BoardEntry, Boards
from runicorn.api.responses.remote import Done
from runicorn.store.layout import InvalidName
from runicorn.store.project import boards
from runicorn.store.project.board_schema import MOST_NAMES, MOST_SECTIONS, NAME_LENGTH, InvalidBoard
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.readable import current
from runicorn_site.web.serializers import Body
from runs.active_root import active_root
from runs.query import projects
from runs.services.write_through import one_file

ERRORS = (400, 403, 404)
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `etag` that the change builds on."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="`*` to replace no board."
)


class BoardBody(Body):
    """The content of a board, as `runicorn.store.project.board_schema` describes it."""

    title = serializers.CharField(required=False, max_length=NAME_LENGTH)
    sections = serializers.ListField(child=serializers.DictField(), required=False, max_length=MOST_SECTIONS)
    pinned = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_NAMES)
    hidden = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_NAMES)


@route("GET", scope=Scope.READ, returns=Boards, errors=ERRORS, operation_id="v2_projects_boards_list")
def board_list_view(request: Request, project: str) -> Response:
    """List the boards of a project by name; one that cannot be used has an `error`."""
    root = _root()
    entries = []
    with _store_errors():
        for name in boards.names(root, project) if project in current() else ():
            with suppress(boards.BoardNotFound):  # deleted meanwhile
                entries.append(_entry(_read(root, project, name)))
    return Response(Boards(boards=entries))


class BoardView(APIView):
    """One board."""

    @endpoint(scope=Scope.READ, returns=Board, errors=ERRORS)
    def get(self, request: Request, project: str, name: str) -> Response:
        """Get a board. `ETag` and `etag` are its version, for `If-Match`."""
        with _store_errors():
            if project not in current():
                raise boards.BoardNotFound(name)
            return _answer(project, boards.read(_root(), project, name))

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        returns={200: Board, 409: BoardConflict},
        errors=ERRORS,
        headers=[IF_MATCH, IF_NONE_MATCH],
        request=BoardBody,
    )
    def put(self, request: Request, project: str, name: str) -> Response:
        """Create a board or replace its content.

        With `If-Match` only the version that the change builds on is replaced; 409 has the present `etag`.
        """
        try:
            with _store_errors():
                stored = boards.write(
                    _project_root(project),
                    project,
                    name,
                    cast(dict[str, Any], request.data),
                    expected=_expected(request),
                )
        except boards.BoardChanged as error:
            return _conflict(error)
        return _answer(project, stored)

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        returns={200: Done, 409: BoardConflict},
        errors=ERRORS,
        headers=[IF_MATCH],
        request=None,
    )
    def delete(self, request: Request, project: str, name: str) -> Response:
        """Delete a board; with `If-Match` only in that version."""
        try:
            with _store_errors():
                boards.delete(_project_root(project), project, name, expected=_expected(request))
        except boards.BoardChanged as error:
            return _conflict(error)
        return Response(Done(ok=True, message=f"Board deleted: {name}"))


def _root() -> Path:
    return Path(active_root().path)


def _project_root(project: str) -> Path:
    """Return the storage root, if it has that project: a board makes no project."""
    if not projects.exists(active_root(), project):
        raise NotFound(f"Project not found: {project}")
    return _root()


def _read(root: Path, project: str, name: str) -> boards.StoredBoard:
    try:
        return boards.read(root, project, name)
    except OSError as error:
        return boards.StoredBoard(name, {}, f"It could not be read: {error.strerror}.", "", 0.0)


def _entry(stored: boards.StoredBoard) -> BoardEntry:
    title = stored.board.get("title") or stored.name
    entry = BoardEntry(name=stored.name, title=title, updated_at=stored.updated_at, etag=stored.etag)
    if stored.error:
        entry["error"] = stored.error
    return entry


def _answer(project: str, stored: boards.StoredBoard) -> Response:
    board: Any = stored.board
    answer = Board(**_entry(stored), project=project, board=board)
    return Response(answer, headers={"ETag": f'"{stored.etag}"'})


def _conflict(error: boards.BoardChanged) -> Response:
    return Response(BoardConflict(detail=str(error), etag=error.etag), status=status.HTTP_409_CONFLICT)


def _expected(request: Request) -> str:
    if request.headers.get("If-None-Match", "").strip() == "*":
        return boards.NONE
    etag = request.headers.get("If-Match", "").strip()
    return etag.removeprefix("W/").strip('"') if etag else boards.ANY


@contextmanager
def _store_errors() -> Iterator[None]:
    """Convert errors of the store into those of a request."""
    try:
        with one_file():
            yield
    except boards.BoardNotFound as error:
        raise NotFound(f"Board not found: {error}") from error
    except InvalidBoard as error:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(error)]}) from error
    except InvalidName as error:
        raise ValidationError({"project": [str(error)]}) from error
