"""Name of the durable database, in which is what belongs to people; see `runicorn_site/database/durable.py`."""

from __future__ import annotations

import sqlite3
from typing import Final

from django.db import DatabaseError, transaction

DURABLE: Final = "durable"
"""Its alias in `DATABASES`."""
LASTING: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN),
    }
)


def changing() -> transaction.Atomic:
    """Return a transaction of the durable database, for `with`; one at a time with SQLite."""
    return transaction.atomic(using=DURABLE)


def is_unusable(error: DatabaseError) -> bool:
    """Return whether a second attempt would fail, too: the file is damaged, or its disk full or read-only."""
    return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in LASTING
