"""Services that add, list and remove watched folders of the active storage root."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import cast

from runicorn.api.responses import watching as responses
from runicorn.message import Message
from runicorn.settings.capabilities import require
from runicorn.store import layout
from runicorn_importers.watching.state import MISSING, states
from runicorn_site.watching.errors import FolderNotFound, UnwatchableFolder
from runicorn_site.web.durable import changing
from runicorn_site.web.models import WatchedFolder
from runs.active_root import active_root

MOST = 50
ID_BYTES = 9


def add(path: str, project: str = "") -> responses.WatchedFolder:
    """Watch a folder from now on.

    Args:
        path: absolute, or with a leading `~`.
        project: project of all its runs, or "".

    Raises:
        UnwatchableFolder: it cannot be watched.
    """
    require("watch")
    root = active_root().path
    folder = _checked(path, Path(root))
    if project:
        try:
            layout.check_name(project, "project")
        except layout.InvalidName as error:
            raise UnwatchableFolder("project", str(error)) from error
    with changing():
        entries = folders_of(root)
        if len(entries) >= MOST:
            raise UnwatchableFolder("path", Message("At most {n} folders can be watched.", n=MOST))
        if any(os.path.realpath(entry.path) == os.path.realpath(folder) for entry in entries):
            raise UnwatchableFolder("path", Message("This folder is already watched."))
        row = WatchedFolder.objects.create(
            id=secrets.token_urlsafe(ID_BYTES), path=folder, root=root, project=project, added_at=time.time()
        )
    return _answer(row, {})


def folders_of(root: str) -> list[WatchedFolder]:
    """Return the folders of a storage root, the oldest first."""
    return list(WatchedFolder.objects.filter(root=root).order_by("added_at"))


def current() -> list[responses.WatchedFolder]:
    """Return the watched folders with their states, the oldest first."""
    root = active_root().path
    states_by_id = states(Path(root))
    return [_answer(entry, states_by_id.get(entry.id, {})) for entry in folders_of(root)]


def remove(folder_id: str) -> None:
    """Stop watching a folder; its runs stay."""
    if not WatchedFolder.objects.filter(pk=folder_id).delete()[0]:
        raise FolderNotFound("Watched folder not found: {folder_id}", folder_id=folder_id)


def _checked(text: str, root: Path) -> str:
    """Return the absolute path of a readable folder outside of the storage root."""
    path = Path(os.path.abspath(os.path.expanduser(text)))
    if not text.startswith(("/", "~")) and not Path(text).is_absolute():
        raise UnwatchableFolder("path", Message("The path must be absolute, or begin with ~."))
    try:
        is_readable = path.is_dir() and os.access(path, os.R_OK | os.X_OK)
    except (OSError, ValueError):
        is_readable = False
    if not is_readable:
        raise UnwatchableFolder("path", Message("The server has no readable folder with this path."))
    if path.resolve().parent == path.resolve():
        raise UnwatchableFolder("path", Message("This is the whole file system: choose a folder."))
    if path.resolve().is_relative_to(root.resolve()):
        raise UnwatchableFolder("path", Message("This folder is part of the storage root."))
    return str(path)


def _answer(folder: WatchedFolder, state: dict[str, object]) -> responses.WatchedFolder:
    error = str(state.get("error") or "")
    answer = responses.WatchedFolder(
        id=folder.id,
        path=folder.path,
        project=folder.project,
        added_at=folder.added_at,
        status=cast(responses.Status, state.get("status", "waiting")),
        runs=cast(int, state.get("runs", 0)),
        failed=cast(list[responses.FailedSource], state.get("failed", [])),
        error=Message("The folder does not exist.") if error == MISSING else error,
    )
    if "scanned_at" in state:
        answer["scanned_at"] = cast(float, state["scanned_at"])
    return answer
