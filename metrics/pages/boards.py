"""Board of a page of charts, in the form that the page's scripts read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from django.http import HttpRequest
from django.utils.translation import gettext as _

from runicorn.store import layout
from runicorn.store.containment import OutsideStore
from runicorn.store.layout import InvalidName
from runicorn.store.project import boards
from runicorn.store.project.board_schema import InvalidBoard
from runicorn_site.web import markdown
from runicorn_site.web.actor import is_shared, may_change_boards
from runs.active_root import active_root
from runs.models import Run

DEFAULT = "default"
"""Name of the board of a page whose address has none, as `rn.board` has it."""


class PageBoard(TypedDict):
    """A board, or why it cannot be used, and the names of the boards beside it; without a project nothing is saved."""

    project: str
    name: str
    board: dict[str, Any]
    etag: str
    error: str
    names: list[str]
    texts: dict[str, str]
    """Markdown of the text cells to HTML."""


def page_board(runs: Sequence[Run], request: HttpRequest) -> str:
    """Return the board of a page as JSON: the one that the address names, of the project that all runs share.

    By a shared link, and for users who may not change it, it has no project, so that it is not saved, and the other boards are not named.
    """
    projects = {run.project for run in runs}
    name = request.GET.get("board") or DEFAULT
    page_board = PageBoard(project="", name=name, board={}, etag="", error="", names=[], texts={})
    if len(projects) == 1:
        _read(page_board, Path(active_root().path), projects.pop())
    if is_shared(request) or not may_change_boards(request, page_board["project"]):
        page_board |= {"project": "", "names": []}
    return json.dumps(page_board)


def _read(page_board: PageBoard, root: Path, project: str) -> None:
    try:
        layout.check_name(project, "project")
    except InvalidName:  # of a folder that was made by hand: it has no boards
        return
    page_board["project"] = project
    try:
        page_board["names"] = boards.names(root, project)
        board_file = boards.read(root, project, page_board["name"])
    except boards.BoardNotFound:
        return
    except (InvalidBoard, InvalidName, OutsideStore) as error:
        page_board["error"] = str(error)
    except OSError as error:
        page_board["error"] = _("It could not be read: {reason}.").format(reason=error.strerror)
    else:
        page_board |= {"board": board_file.board, "etag": board_file.etag, "error": board_file.error or ""}
        items = [
            item for section in board_file.board.get("sections", []) for item in section.get("items", [])
        ]
        texts = [item["markdown"] for item in items if "markdown" in item]
        page_board["texts"] = {text: markdown.render(text) for text in texts}
