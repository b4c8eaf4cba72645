"""Watch the SQLite database of a running server, and prepare it again when it was damaged, deleted or replaced.

Connections belong to threads, so no thread can close all of them. Instead each connection remembers the epoch in
which it was opened (`sqlite/base.py`); recovery begins a new epoch, and a connection of an earlier one is abandoned
before its next use. The damaged file is moved aside, so late writes of such a connection change nothing.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext_noop

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
CALM_SECONDS = 60.0
"""A recovery this long after the previous one begins at once; a sooner one waits, each time twice as long."""
FULL_SECONDS = 10.0
"""How long a write that found the disk full is remembered; the background writes every second."""

DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
UNREACHABLE_CODES = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}

DAMAGED = gettext_noop(
    "The database is damaged and is being rebuilt from the storage root. Try again shortly."
)
REPLACED = gettext_noop(
    "The database file was deleted or replaced and is being prepared again. Try again shortly."
)
UNREACHABLE = gettext_noop("The database file cannot be read and is being prepared again. Try again shortly.")
FULL = gettext_noop("The disk of the database is full. Pages may be out of date until space is freed.")


class Identity(NamedTuple):
    """The inodes of a database file and its WAL; None where there is no file."""

    file: tuple[int, int] | None
    wal: tuple[int, int] | None

    @classmethod
    def of(cls, path: Path) -> Identity:
        return cls(_inode(path), _inode(Path(f"{path}-wal")))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        stat_result = path.stat()
    except OSError:
        return None
    return stat_result.st_dev, stat_result.st_ino


def is_damage(error: BaseException | None) -> bool:
    """Return whether SQLite reports with this error that the file is not an intact database."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    return code & 0xFF in DAMAGE_CODES or str(error).startswith("no such table")


def problem_of(error: BaseException) -> str:
    """Return the sentence for an error after which the database has to be prepared again, or ""."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return ""
    if is_damage(error):
        return DAMAGED
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return REPLACED
    return UNREACHABLE if code & 0xFF in UNREACHABLE_CODES else ""


class DatabaseMonitor:
    """The state of the database of this process. Inactive until `watch` is called."""

    def __init__(self) -> None:
        self.epoch = 0
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._prepare: Callable[[Identity, bool], None] = lambda identity, damaged: None
        self._identity = Identity(None, None)
        self._keeper: sqlite3.Connection | None = None
        self._recovery: threading.Thread | None = None
        self._problem = ""
        self._next_check = 0.0
        self._full_until = self._calm_at = float("-inf")
        self._pause = 0.0

    def watch(self, path: Path, prepare: Callable[[Identity, bool], None]) -> None:
        """Begin to watch a database that has just been prepared.

        Args:
            prepare: brings the database back into use, given the identity of the file that failed and whether
                that file is damaged. May raise `sqlite3.Error`, a Django database error or OSError; it is then
                called again later.
        """
        self._prepare = prepare
        self._open_keeper(path)
        self._path = path

    @property
    def problem(self) -> str:
        """Message about a problem of the database, or ""."""
        if self._problem:
            return self._problem
        return FULL if time.monotonic() < self._full_until else ""

    def is_barred(self) -> bool:
        """Return whether the calling thread may open no connection now: another one prepares the database."""
        return bool(self._problem) and threading.current_thread() is not self._recovery

    def check(self, now: bool = False) -> None:
        """Check that the file is still the one that was opened; at most twice a second unless `now`."""
        moment = time.monotonic()
        if self._path is None or self._problem or (moment < self._next_check and not now):
            return
        self._next_check = moment + CHECK_SECONDS
        identity = Identity.of(self._path)
        if identity != self._identity:
            # A WAL that was deleted while it was in use took committed pages with it.
            self._recover(REPLACED, damaged=identity.file == self._identity.file)

    def note(self, error: BaseException) -> None:
        """Record an error raised by SQLite, and start recovery if the database is unusable."""
        if self._path is None or self._problem:
            return
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            self._full_until = time.monotonic() + FULL_SECONDS
        elif problem := problem_of(error):
            self._recover(problem, damaged=problem == DAMAGED)

    def _recover(self, problem: str, damaged: bool) -> None:
        with self._lock:
            if self._problem:
                return
            self._problem = problem
            self._recovery = threading.Thread(
                target=self._run, args=(damaged,), name="database-recovery", daemon=True
            )
        logger.error("%s", problem)
        self._recovery.start()

    def _run(self, damaged: bool) -> None:
        self._pause = min(self._pause * 2 or RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        if time.monotonic() > self._calm_at:
            self._pause = 0.0
        time.sleep(self._pause)
        assert self._path is not None
        while True:
            self.epoch += 1
            if self._keeper is not None:
                with suppress(sqlite3.Error):
                    self._keeper.close()
            try:
                self._prepare(self._identity, damaged)
                self._open_keeper(self._path)
                break
            except (sqlite3.Error, OSError, _django_error()) as error:
                damaged = damaged or is_damage(error) or is_damage(error.__cause__)
                logger.error("The database could not be prepared again: %s", error)
                time.sleep(RETRY_SECONDS)
        self._calm_at = time.monotonic() + CALM_SECONDS
        self._problem = ""
        logger.warning("The database is in use again")

    def _open_keeper(self, path: Path) -> None:
        """Open a connection that stays open: SQLite removes the WAL when the last one is closed."""
        keeper = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        keeper.execute("PRAGMA wal_autocheckpoint=0")
        with closing(keeper.execute("SELECT count(*) FROM sqlite_master")) as cursor:
            cursor.fetchone()
        self._keeper, self._identity = keeper, Identity.of(path)


def _django_error() -> type[Exception]:
    from django.db import Error  # not at the top: the database backend imports this module

    return Error


monitor = DatabaseMonitor()
