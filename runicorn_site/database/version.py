"""Version of the databases: a text that differs after every commit of any process.

SQLite counts the commits of other connections (`PRAGMA data_version`); a connection that never writes sees all of
them. In PostgreSQL the snapshot names the transactions whose rows are visible. No writer has to move anything, so
none can forget to.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from urllib.parse import quote

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from runicorn_site.database.monitor import monitor


def database_version() -> str | None:
    """Return the version of what a query that begins now sees at least; None if it is unknown.

    Equal versions of one process mean equal rows. It is unknown within a transaction, and while the database is being
    repaired.

    Raises:
        django.db.Error: PostgreSQL does not answer.
    """
    if monitor.problem:
        return None
    versions: dict[str, str | None] = {}
    for connection in connections.all():
        if connection.in_atomic_block:
            return None
        name = str(connection.settings_dict["NAME"])
        if name not in versions:  # PostgreSQL has all of them in one
            versions[name] = _of_file(name) if connection.vendor == "sqlite" else _snapshot(connection)
    return None if None in versions.values() else " ".join(map(str, versions.values()))


def _snapshot(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def _of_file(path: str) -> str | None:
    counter = _counters.get(path)
    if counter is None:
        counter = _counters.setdefault(path, CommitCounter(path))
    return counter.current()


class CommitCounter:
    """Connection of this process that only counts the commits of all others to a file of SQLite."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._opened = 0

    def current(self) -> str | None:
        """Return the version of the file; None if it cannot be read."""
        with self._lock:
            try:
                if self._connection is None or self._identity != (monitor.epoch, os.getpid()):
                    self._connection = self._open()
                (number,) = self._connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                self._connection = None
                return None
            return f"{self._opened}.{number}"

    def _open(self) -> sqlite3.Connection:
        # Numbers of different connections are not comparable.
        self._opened, self._identity = self._opened + 1, (monitor.epoch, os.getpid())
        address = f"file:{quote(self._path)}?mode=rw"
        own = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.0, check_same_thread=False)
        own.execute("PRAGMA query_only=ON")
        # Only one connection of all may make checkpoints (`database/settings.py`).
        own.execute("PRAGMA wal_autocheckpoint=0")
        return own


_counters: dict[str, CommitCounter] = {}
