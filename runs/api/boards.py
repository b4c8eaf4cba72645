"""Routes of boards: arrangements of charts of a project, stored as files beside its runs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runicorn.api.responses.boards import Board, BoardConflict, BoardEntry, Boards
from runicorn.api.responses.remote import Done
from runicorn.store.project import boards
from runicorn.store.project.board_schema import MOST_NAMES, MOST_SECTIONS, NAME_LENGTH
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.conditional import conditional
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.readable import current
from runicorn_site.web.serializers import Body
from runs.api.project_files import (
    ERRORS,
    IF_MATCH,
    IF_NONE_MATCH,
    conflict,
    expected_version,
    root,
    root_of,
    store_errors,
    versioned,
)


class BoardBody(Body):
    """The content of a board, as `runicorn.store.project.board_schema` describes it."""

    title = serializers.CharField(required=False, max_length=NAME_LENGTH)
    sections = serializers.ListField(child=serializers.DictField(), required=False, max_length=MOST_SECTIONS)
    pinned = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_NAMES)
    hidden = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_NAMES)


@conditional(looks=False)
@route("GET", scope=Scope.READ, returns=Boards, errors=ERRORS, operation_id="v2_projects_boards_list")
def board_list_view(request: Request, project: str) -> Response:
    """List the boards of a project by name; one that cannot be used has an `error`."""
    entries = []
    with store_errors("project"):
        for name in boards.names(root(), project) if project in current() else ():
            with suppress(boards.BoardNotFound):  # deleted meanwhile
                entries.append(_entry(_read(project, name)))
    return Response(Boards(boards=entries))


class BoardView(APIView):
    """One board."""

    @endpoint(scope=Scope.READ, returns=Board, errors=ERRORS)
    def get(self, request: Request, project: str, name: str) -> Response:
        """Get a board. `ETag` and `etag` are its version, for `If-Match`."""
        with store_errors("project"):
            if project not in current():
                raise boards.BoardNotFound(name)
            return _answer(project, boards.read(root(), project, name))

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
            with store_errors("project"):
                board = boards.write(
                    root_of(project),
                    project,
                    name,
                    cast(dict[str, Any], request.data),
                    expected=expected_version(request),
                )
        except boards.BoardChanged as error:
            return conflict(error)
        return _answer(project, board)

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
            with store_errors("project"):
                boards.delete(root_of(project), project, name, expected=expected_version(request))
        except boards.BoardChanged as error:
            return conflict(error)
        return Response(Done(ok=True, message=f"Board deleted: {name}"))


def _read(project: str, name: str) -> boards.StoredBoard:
    try:
        return boards.read(root(), project, name)
    except OSError as error:
        return boards.StoredBoard(name, {}, f"It could not be read: {error.strerror}.", "", 0.0)


def _entry(board: boards.StoredBoard) -> BoardEntry:
    title = board.board.get("title") or board.name
    entry = BoardEntry(name=board.name, title=title, updated_at=board.updated_at, etag=board.etag)
    if board.error:
        entry["error"] = board.error
    return entry


def _answer(project: str, stored_board: boards.StoredBoard) -> Response:
    board: Any = stored_board.board
    return versioned(Board(**_entry(stored_board), project=project, board=board), stored_board.etag)
