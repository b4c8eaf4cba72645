"""WAL checkpoints, on one connection only."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

EVERY_SECONDS, BUSY_SECONDS = 0.5, 0.02
"""Pauses between two looks at the WAL, and while it is larger than `WORTH_BYTES`."""
WORTH_BYTES = 4 * 1024 * 1024
TOO_LARGE_BYTES = 8 * 1024 * 1024
"""Size from which the WAL is truncated, which makes writers wait some tens of milliseconds. A passive checkpoint during
writes never comes to its end, from which the next write would begin the file again."""
LONGEST_WAIT_SECONDS = 1.0
WAIT_SECONDS = 0.1
"""Longest time that writers wait for readers of an old state while the WAL is truncated."""


def open_for_checkpoints(database: Path) -> sqlite3.Connection:
    """Open a connection independent of Django.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(database, timeout=WAIT_SECONDS, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def checkpoint_if_worth(connection: sqlite3.Connection, database: Path) -> float:
    """Checkpoint if the WAL has grown beyond `WORTH_BYTES`; return the pause until the next look."""
    size = wal_bytes(database)
    if size > WORTH_BYTES:
        checkpoint(connection, "TRUNCATE" if size > TOO_LARGE_BYTES else "PASSIVE")
        return BUSY_SECONDS
    return EVERY_SECONDS


def wal_bytes(database: Path) -> int:
    try:
        return Path(f"{database}-wal").stat().st_size
    except OSError:
        return 0


def wait_for_checkpoint(database: Path, ring: Callable[[], object]) -> None:
    """Let the thread that checkpoints come before the next transaction, if the WAL has become too large."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while wal_bytes(database) > TOO_LARGE_BYTES and time.monotonic() < deadline:
        ring()
        time.sleep(WAIT_SECONDS / 10)


def checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    """Run a checkpoint; if the database is busy, the next one does the work."""
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.OperationalError as error:
        logger.info("The checkpoint has to wait: %s", error)
