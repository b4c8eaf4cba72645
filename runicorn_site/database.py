"""Making the database ready: the tables, and a new file in place of a damaged one.

All rows are derived from storage roots, so a damaged file costs the time of reading them again and nothing else.
"""

from __future__ import annotations

import gc
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from runicorn._os import file_lock

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

notices: list[str] = []
"""Sentences that the pages show: what happened to the database when it was made ready."""


def prepare() -> None:
    """Bring the database to the state of our models; one process at a time.

    Raises:
        django.db.Error: the database cannot be reached or changed.
    """
    with file_lock(settings.STATE_DIR / "migrate.lock"):
        if connection.vendor == "sqlite":
            path = Path(connection.settings_dict["NAME"])
            _replace_if_damaged(path)
            _make_private(path)
        _migrate()


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
        gc.collect()  # models of every state on the way; the start looks for no garbage by itself


def _replace_if_damaged(path: Path) -> None:
    if not path.exists() or (not marker(path).exists() and is_sound(path)):
        return
    connections.close_all()
    aside = path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    marker(path).unlink(missing_ok=True)
    notices.append(
        f"The database was damaged. It was moved to {aside} and is being rebuilt from the storage root."
    )
    logger.error(notices[-1])


def _make_private(path: Path) -> None:
    """Only its owner reads the database; SQLite gives its side files the same mode."""
    path.touch(mode=0o600)
    path.chmod(0o600)


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong within half a second; a big database is looked at only in part.

    Raises:
        sqlite3.OperationalError: it cannot be opened.
    """
    deadline = time.monotonic() + CHECK_SECONDS
    try:
        with closing(sqlite3.connect(path, timeout=5)) as database:
            database.execute("PRAGMA wal_autocheckpoint=0")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            database.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            return bool(database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return False
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return True
        raise


def is_damage(error: BaseException | None) -> bool:
    """Whether SQLite says with this error that the file is not a whole database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGE_CODES


def marker(path: Path) -> Path:
    """The file whose presence says that `path` was found damaged while it was in use."""
    return path.with_suffix(".damaged")
