"""WAL checkpoints, on one connection only."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
WORTH_BYTES = 4 * 1024 * 1024
TOO_LARGE_BYTES = 256 * 1024 * 1024
"""Size from which the WAL is truncated, which makes writers wait briefly."""


def open_for_checkpoints(database: Path) -> sqlite3.Connection:
    """Open a connection independent of Django.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(database, timeout=1, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def checkpoint_if_worth(connection: sqlite3.Connection, database: Path) -> None:
    """Checkpoint if the WAL has grown beyond `WORTH_BYTES`."""
    wal = Path(f"{database}-wal")
    size = wal.stat().st_size if wal.exists() else 0
    if size > WORTH_BYTES:
        checkpoint(connection, "TRUNCATE" if size > TOO_LARGE_BYTES else "PASSIVE")


def checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    """Run a checkpoint; if the database is busy, the next one does the work."""
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.OperationalError as error:
        logger.info("The checkpoint has to wait: %s", error)
