"""The storage root of this user and of this process: looked at before it is switched to, then switched at once."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from runicorn.settings import user as own
from runicorn.settings.capabilities import require
from runs.active_root import activate
from runs.index import discovery
from runs.store.walk import Walk

SOON = 1000
"""Runs that are read before the answer to a switch; those of a larger store follow in the background."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a folder would be as a storage root."""

    path: Path
    exists: bool
    writable: bool
    runs: int
    free: int | None
    """Bytes on its disk; None when nobody can tell."""


def look(path: Path) -> Look:
    """Look at a folder, which need not exist; reads the folders above the runs and no run."""
    walk = Walk(path)
    walk.go()
    above = next((place for place in (path, *path.parents) if place.exists()), path)
    try:
        free: int | None = shutil.disk_usage(above).free
    except OSError:
        free = None
    runs = sum(1 for _ in walk.runs())
    return Look(path, path.is_dir(), os.access(above, os.W_OK | os.X_OK), runs, free)


def switch(text: str) -> Path:
    """Make a folder the user's storage root and that of this process: the configuration first, then the row.

    Raises:
        InvalidRoot: it cannot be one; nothing has changed.
        OSError: the configuration could not be written; nothing has changed.
        SwitchedOff: see `runicorn.settings.capabilities`.
    """
    require("root-change")
    path = own.set_user_root(text)
    root = activate(path)
    own.move_viewer(path)
    if look(path).runs <= SOON:
        discovery.tick(root)
    return path
