"""The one connection that moves what was written from the WAL into the database file."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from runicorn._os import file_lock

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
WORTH_BYTES = 4 * 1024 * 1024
TOO_LARGE_BYTES = 256 * 1024 * 1024


def keep_small(database: Path, stop: threading.Event) -> None:
    """Checkpoint `database` whenever its WAL has grown, until `stop`.

    Of several viewers on one database the one that holds the lock does it; the others wait for their turn.
    """
    while not stop.wait(EVERY_SECONDS):
        try:
            with file_lock(database.with_suffix(".checkpoint"), blocking=False):
                _checkpoint_until(database, stop)
        except BlockingIOError:
            continue


def _checkpoint_until(database: Path, stop: threading.Event) -> None:
    wal = Path(f"{database}-wal")
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        while not stop.wait(EVERY_SECONDS):
            size = os.stat(wal).st_size if wal.exists() else 0
            if size > WORTH_BYTES:
                checkpoint(connection, "TRUNCATE" if size > TOO_LARGE_BYTES else "PASSIVE")


def checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    """One checkpoint; a busy database is tried again a moment later."""
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.OperationalError as error:
        logger.info("The checkpoint has to wait: %s", error)
