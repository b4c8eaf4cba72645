"""Boards: arrangements of charts of a project, as small JSON files in its folder `boards/`.

A file is replaced as a whole. A change may name the version that it builds on (`etag`) and is refused if another one
is stored, so that concurrent changes are not lost. An invalid file is listed with its error. Links that lead out of the
store are not followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform
from runicorn.store import curation, layout
from runicorn.store.containment import check_inside
from runicorn.store.project.board_schema import InvalidBoard, check_board
from runicorn.store.project.folder import check_file_name, project_folder

BOARDS = "boards"
SUFFIX = ".json"
CEILING = 1024 * 1024
"""Bytes of the largest board."""
MOST_BOARDS = 500


class BoardNotFound(LookupError):
    """The project has no board of that name."""


class BoardChanged(Exception):
    """The stored version is not the one that the change builds on.

    Attributes:
        etag: the stored version; None if the board is missing.
    """

    def __init__(self, etag: str | None) -> None:
        super().__init__("The board was changed meanwhile" if etag else "The board was deleted meanwhile")
        self.etag = etag


class StoredBoard(NamedTuple):
    """A board as stored: its content, or why it cannot be used, and the version of the file."""

    name: str
    board: dict[str, Any]
    error: str | None
    etag: str
    updated_at: float


ANY, NONE = "*", ""
"""Expected versions: any or none at all, and no board yet."""


def check_name(name: object) -> str:
    """Return a valid name of a board.

    Raises:
        InvalidBoard: it is not text of 1 to 100 characters, or cannot be the name of a file.
    """
    try:
        return check_file_name(name, "name of a board")
    except layout.InvalidName as error:
        raise InvalidBoard(str(error)) from None


def folder_of(root: Path, project: str) -> Path:
    """Return the folder of the boards of a project."""
    return check_inside(root, project_folder(root, project) / BOARDS)


def path_of(root: Path, project: str, name: str) -> Path:
    """Return the file of a board.

    Raises:
        InvalidBoard, InvalidName: name or project is invalid.
    """
    return folder_of(root, project) / f"{check_name(name)}{SUFFIX}"


def names(root: Path, project: str) -> list[str]:
    """Return the names of the boards of a project, sorted; at most `MOST_BOARDS`."""
    try:
        with os.scandir(folder_of(root, project)) as entries:
            stems = [
                entry.name.removesuffix(SUFFIX)
                for entry in entries
                if entry.name.endswith(SUFFIX) and not entry.name.startswith(".") and entry.is_file()
            ]
    except OSError:
        return []
    return sorted(name for name in stems if _is_name(name))[:MOST_BOARDS]


def read(root: Path, project: str, name: str) -> StoredBoard:
    """Return a board.

    Raises:
        InvalidBoard, InvalidName: name or project is invalid.
    """
    path = path_of(root, project, name)
    try:
        raw = _platform.read_regular(path, CEILING + 1, follow_links=False)
        updated_at = os.lstat(path).st_mtime
    except FileNotFoundError:
        raise BoardNotFound(name) from None
    board, error = parse(raw)
    return StoredBoard(name, board, error, _etag(raw), updated_at)


def write(root: Path, project: str, name: str, board: dict[str, Any], *, expected: str = ANY) -> StoredBoard:
    """Replace or create a board.

    Args:
        project: its project; the folder is created.
        board: the whole content, see `runicorn.store.project.board_schema`.
        expected: version that the change builds on, `NONE` for a new board, or `ANY`.

    Raises:
        InvalidBoard, InvalidName: content, name or project is invalid; nothing was changed.
        BoardChanged: another version is stored.
    """
    content = json.dumps(check_board(board), indent=2, ensure_ascii=False).encode("utf-8", "replace")
    if len(content) > CEILING:
        raise InvalidBoard(f"A board has at most {CEILING // 1024} KiB.")
    path = path_of(root, project, name)
    with _platform.file_lock(curation.private_folder(root) / "boards.lock"):
        _check_version(root, project, name, expected)
        path.parent.mkdir(parents=True, exist_ok=True)
        _platform.replace_file(check_inside(root, path), content)
    return StoredBoard(name, board, None, _etag(content), time.time())


def delete(root: Path, project: str, name: str, *, expected: str = ANY) -> None:
    """Remove a board.

    Raises:
        BoardChanged: another version is stored than `expected`.
        InvalidBoard, InvalidName: name or project is invalid.
    """
    path = path_of(root, project, name)
    with _platform.file_lock(curation.private_folder(root) / "boards.lock"):
        _check_version(root, project, name, expected)
        try:
            path.unlink()
        except FileNotFoundError:
            raise BoardNotFound(name) from None


def _check_version(root: Path, project: str, name: str, expected: str) -> None:
    if expected == ANY:
        return
    try:
        etag: str | None = read(root, project, name).etag
    except BoardNotFound:
        etag = None
    if (etag or NONE) != expected:
        raise BoardChanged(etag)


def parse(raw: bytes | None) -> tuple[dict[str, Any], str | None]:
    """Return the content of a file, and why it cannot be used; None stands for a file that is too large."""
    if raw is None or len(raw) > CEILING:
        return {}, f"The file is larger than {CEILING // 1024} KiB and was not read."
    try:
        return check_board(json.loads(raw.decode().removeprefix("\ufeff"))), None
    except InvalidBoard as error:
        return {}, str(error)
    except (ValueError, RecursionError):
        return {}, "The file is not valid JSON."


def _is_name(name: str) -> bool:
    try:
        return bool(check_name(name))
    except InvalidBoard:
        return False


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
