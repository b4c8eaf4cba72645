"""Inspect a folder as a storage root, and switch the user and this process to it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from runicorn.settings import user as own
from runicorn.settings.capabilities import require
from runicorn.settings.user_root import set_user_root
from runs.active_root import activate
from runs.index import discovery
from runs.store.walk import Walk

SOON = 1000
"""Runs that are indexed before the response to a switch; those of a larger store follow in the background."""


@dataclass(frozen=True, slots=True)
class RootState:
    """State of a folder as a storage root."""

    path: Path
    exists: bool
    writable: bool
    runs: int
    free: int | None
    """Free bytes on its disk, or None if unknown."""


def inspect(path: Path) -> RootState:
    """Inspect a folder, which may be missing, without reading runs."""
    walk = Walk(path)
    walk.go()
    above = next((place for place in (path, *path.parents) if place.exists()), path)
    try:
        free: int | None = shutil.disk_usage(above).free
    except OSError:
        free = None
    runs = sum(1 for _ in walk.runs())
    return RootState(path, path.is_dir(), os.access(above, os.W_OK | os.X_OK), runs, free)


def switch(text: str) -> Path:
    """Switch the user and this process to a folder: first the configuration, then the row.

    Raises:
        InvalidRoot: it cannot be a storage root; nothing has changed.
        OSError: the configuration could not be written; nothing has changed.
        SwitchedOff: see `runicorn.settings.capabilities`.
    """
    require("root-change")
    path = set_user_root(text)
    root = activate(path)
    own.move_viewer(path)
    if inspect(path).runs <= SOON:
        discovery.tick(root)
    return path
