"""Mirror of the boards of projects. A board that was changed here since the last sync stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.project import boards
from runicorn.store.project.board_schema import InvalidBoard
from runicorn.sync.manifest.scan import Item
from runicorn.sync.transport import RemoteFiles, join_path

STATE = ".sync_boards.json"


def mirror_boards(
    remote: RemoteFiles, remote_root: str, root: Path, state_dir: Path, projects: Iterable[str]
) -> tuple[int, list[str]]:
    """Fetch the boards of projects that are new or changed on the remote host.

    Args:
        remote: the files of the remote host.
        remote_root: the storage root there.
        root: the storage root here.
        state_dir: folder of the sync state.
        projects: names of the projects.

    Returns:
        How many were written, and what is wrong with the others.

    Raises:
        ConnectionError: the connection is lost.
    """
    # Size and time of the remote file, and version of the local one, by project and name.
    known = {key: one for key, one in layout.read_json(state_dir / STATE)[0].items() if isinstance(one, list)}
    before, written, problems = dict(known), 0, []
    for project in projects:
        folder = f"{project}/{boards.BOARDS}"
        for item in _listed(remote, join_path(remote_root, folder)):
            name = item.name.removesuffix(boards.SUFFIX)
            key, mark = f"{project}/{name}", [item.size, item.mtime]
            *last, version = known.get(key, [boards.NONE])
            if last == mark:
                continue
            try:
                board = _fetched(remote, join_path(remote_root, f"{folder}/{item.name}"), item)
                stored = boards.write(root, project, name, board, expected=str(version))
            except boards.BoardChanged:
                known[key] = [*mark, version]
            except ConnectionError:
                raise
            except (InvalidBoard, layout.InvalidName) as error:
                problems.append(f"{folder}/{item.name}: {error}")
            except OSError as error:
                problems.append(f"{folder}/{item.name}: {error.strerror or error}")
            else:
                known[key], written = [*mark, stored.etag], written + 1
    if known != before:
        layout.write_json(state_dir / STATE, known)
    return written, problems


def _listed(remote: RemoteFiles, folder: str) -> list[Item]:
    try:
        items = remote.list(folder)
    except ConnectionError:
        raise
    except OSError:
        return []
    found = [item for item in items if not item.is_folder and item.name.endswith(boards.SUFFIX)]
    return sorted(found, key=lambda item: item.name)[: boards.MOST_BOARDS]


def _fetched(remote: RemoteFiles, path: str, item: Item) -> dict[str, Any]:
    pieces: list[bytes] = []
    if item.size <= boards.CEILING:
        remote.read(path, 0, boards.CEILING + 1, pieces.append)
    board, error = boards.parse(b"".join(pieces) if pieces else None)
    if error is not None:
        raise InvalidBoard(error)
    return board
