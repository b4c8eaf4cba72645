"""Read-only access to SQLite databases of other trackers."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runicorn import regular_file

MAGIC = b"SQLite format 3\0"
"""https://www.sqlite.org/fileformat.html#the_database_header"""


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a read-only connection; the caller closes it.

    Raises:
        sqlite3.OperationalError: it cannot be opened. Another kind of file raises an error at the first query.
    """
    try:
        regular_file.open_binary(path).close()
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)


def is_database(path: Path) -> bool:
    """Return whether a file is an SQLite database; an empty file is one without tables."""
    if not path.is_file():
        return False
    with regular_file.open_binary(path) as file:
        head = file.read(len(MAGIC))
    return head in (MAGIC, b"")
