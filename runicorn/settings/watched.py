"""Folders of other trackers that viewers watch: `watched_folders.json` in the configuration directory.

{"folders": [{"id": "k3J…", "path": "/home/me/logs", "root": "/data/runs", "project": "", "added_at": 1.7e9}]}
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from runicorn.settings.user import PRIVATE_FILE, config_directory
from runicorn.store import layout
from runicorn.store.folder_lock import folder_lock

FILE = "watched_folders.json"
ID_BYTES = 9


class UnreadableFolders(Exception):
    """`watched_folders.json` is damaged or cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder whose runs are kept up to date in a storage root.

    Attributes:
        path: absolute.
        project: project of all runs, or "" for those of the trackers.
        added_at: Unix seconds.
    """

    id: str
    path: str
    root: str
    project: str
    added_at: float


def read(root: str) -> list[WatchedFolder]:
    """Return the folders of a storage root, the oldest first.

    Raises:
        UnreadableFolders: the file is damaged or cannot be read.
    """
    return [folder for folder in _read() if folder.root == root]


def add(path: str, root: str, project: str) -> WatchedFolder:
    """Add a folder.

    Raises:
        UnreadableFolders: the file is damaged or cannot be read.
        OSError: it cannot be written.
    """
    folder = WatchedFolder(secrets.token_urlsafe(ID_BYTES), path, root, project, time.time())
    with folder_lock(config_directory()):
        _write([*_read(), folder])
    return folder


def remove(folder_id: str) -> bool:
    """Remove a folder; return whether it was watched.

    Raises:
        UnreadableFolders: the file is damaged or cannot be read.
        OSError: it cannot be written.
    """
    with folder_lock(config_directory()):
        before = _read()
        after = [folder for folder in before if folder.id != folder_id]
        if len(after) < len(before):
            _write(after)
    return len(after) < len(before)


def _read() -> list[WatchedFolder]:
    file = config_directory() / FILE
    content, problem = layout.read_json(file)
    if problem:
        raise UnreadableFolders(f"{file}: {problem}")
    try:
        return [_folder(entry) for entry in content.get("folders", [])]
    except (TypeError, ValueError, AttributeError) as error:
        raise UnreadableFolders(f"{file} has an invalid entry: {error}") from error


def _folder(entry: dict[str, object]) -> WatchedFolder:
    folder = WatchedFolder(**entry)  # type: ignore[arg-type]  # checked below
    texts = (folder.id, folder.path, folder.root, folder.project)
    if not all(isinstance(text, str) for text in texts) or not Path(folder.path).is_absolute():
        raise ValueError(f"{folder.id!r} has an invalid field")
    return folder


def _write(folders: list[WatchedFolder]) -> None:
    content = {"folders": [asdict(folder) for folder in folders]}
    layout.write_json(config_directory() / FILE, content, mode=PRIVATE_FILE)
