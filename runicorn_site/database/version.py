"""Version of the database: a text that differs after every commit of any process.

SQLite counts the commits of other connections (`PRAGMA data_version`); a connection that never writes sees all of
them. In PostgreSQL the snapshot names the transactions whose rows are visible. No writer has to move anything, so
none can forget to.
"""

from __future__ import annotations

import os
import sqlite3
import threading

from django.db import connection

from runicorn_site.database.monitor import monitor


def database_version() -> str | None:
    """Return the version of what a query that begins now sees at least; None if it is unknown.

    Equal versions of one process mean equal rows. It is unknown within a transaction, and while the database is being
    repaired.

    Raises:
        django.db.Error: PostgreSQL does not answer.
    """
    if connection.in_atomic_block or monitor.problem:
        return None
    if connection.vendor == "sqlite":
        return _of_sqlite.current(str(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


class SQLiteVersion:
    """Connection of this process that only counts the commits of all others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[str, int, int] | None = None
        self._opened = 0

    def current(self, path: str) -> str | None:
        """Return the version of the file at `path`; None if it cannot be read."""
        with self._lock:
            try:
                if self._identity != (path, monitor.epoch, os.getpid()):
                    self._open(path)
                assert self._connection is not None
                (number,) = self._connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                self._identity = None
                return None
            return f"{self._opened}.{number}"

    def _open(self, path: str) -> None:
        identity = (path, monitor.epoch, os.getpid())
        self._connection = sqlite3.connect(
            f"file:{path}?mode=rw", uri=True, isolation_level=None, timeout=0.0, check_same_thread=False
        )
        # The first connection to a database in WAL mode would otherwise checkpoint when it closes.
        self._connection.execute("PRAGMA query_only=ON")
        self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        # Numbers of different connections are not comparable.
        self._opened, self._identity = self._opened + 1, identity


_of_sqlite = SQLiteVersion()
