"""Place of the durable database. No Django, for the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from runicorn.settings.user import data_directory
from runicorn_site.database.state_dir import has_room

FILE: Final = "server.sqlite3"
FORMER: Final = "accounts.sqlite3"
"""File that had the users alone."""
CURE: Final = "restore a backup with `runicorn restore --overwrite FILE`, or a copy of the file."


def place(state_dir: Path) -> Path:
    """Return the file in the data directory; in the state directory if it is new and the former has no room for it."""
    try:
        directory = data_directory()
    except OSError:
        return state_dir / FILE
    usual = directory / FILE
    traces = (usual, marker(usual), directory / FORMER, marker(directory / FORMER))
    if any(path.exists() for path in traces) or (os.access(directory, os.W_OK) and has_room(directory)):
        return usual
    return state_dir / FILE


def marker(file: Path) -> Path:
    """Return the marker file, which exists once a database was complete."""
    return file.with_suffix(".created")
