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


class WalCheckpoints:
    """The only connection that checkpoints a database; it is independent of Django, and to be closed.

    Raises:
        sqlite3.Error: the database cannot be opened.
    """

    def __init__(self, database: Path) -> None:
        self.database = database
        self.connection = sqlite3.connect(database, timeout=WAIT_SECONDS, isolation_level=None)
        self.connection.execute("PRAGMA wal_autocheckpoint=0")
        # What the last complete checkpoint moved: a passive one leaves the file as large as it is.
        self.complete_version: int | None = None

    def run_if_worth(self) -> float:
        """Checkpoint what was written to a WAL larger than `WORTH_BYTES`; return the pause until the next look."""
        size = wal_bytes(self.database)
        if size <= WORTH_BYTES:
            return EVERY_SECONDS
        version = self.version()
        if version is not None and version == self.complete_version:
            return EVERY_SECONDS
        is_complete = self.run("TRUNCATE" if size > TOO_LARGE_BYTES else "PASSIVE")
        self.complete_version = version if is_complete else None
        return BUSY_SECONDS

    def version(self) -> int | None:
        """Return a number that changes with every commit of another connection; None while the database is busy."""
        try:
            return int(self.connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return None

    def run(self, mode: str) -> bool:
        """Return whether the database has all of the WAL; if it is busy, the next checkpoint does the work."""
        try:
            busy, frames, moved = self.connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.OperationalError as error:
            logger.info("The checkpoint has to wait: %s", error)
            return False
        return not busy and frames == moved

    def close(self) -> None:
        self.connection.close()


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
