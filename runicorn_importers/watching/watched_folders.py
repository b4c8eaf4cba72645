"""Folders of other trackers that viewers watch: `watched_folders.json` in the configuration directory.

{"folders": [{"id": "k3J…", "path": "/home/me/logs", "root": "/data/runs", "project": "", "added_at": 1.7e9}]}
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from runicorn_tools.entry_list import EntryList

FILE = "watched_folders.json"
ID_BYTES = 9


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

    def __post_init__(self) -> None:
        """Refuse a relative path."""
        if not Path(self.path).is_absolute():
            raise ValueError(f"{self.path!r} is not an absolute path")


LIST = EntryList(FILE, "folders", WatchedFolder)


def read(root: str) -> list[WatchedFolder]:
    """Return the folders of a storage root, the oldest first."""
    return [folder for folder in LIST.read() if folder.root == root]


def add(path: str, root: str, project: str) -> WatchedFolder:
    folder = WatchedFolder(secrets.token_urlsafe(ID_BYTES), path, root, project, time.time())
    with LIST.changing() as folders:
        folders.append(folder)
    return folder
