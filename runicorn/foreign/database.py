"""SQLite databases of other trackers: opened to read, and never written."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the database; whoever opens it closes it.

    Raises:
        sqlite3.OperationalError: it cannot be opened. That it is no database shows with the first question.
    """
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
