"""Prepare the database: migrate it, and replace a damaged file.

All rows are derived from storage roots, so replacing the file costs only the time to index them again.
"""

from __future__ import annotations

import gc
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from runicorn._platform import file_lock
from runicorn_site.database.monitor import Identity, is_damage, monitor
from runicorn_site.database.state_dir import notices

__all__ = ["is_damage", "is_sound", "marker", "notices", "prepare", "watch"]

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
MIGRATION_LOCK = 0x72756E69636F726E
"""Key of the lock in PostgreSQL under which servers migrate."""
KEPT_COPIES = 3
"""Damaged databases that are kept beside the one in use."""


def prepare() -> None:
    """Migrate the database; one process at a time.

    Raises:
        django.db.Error: the database cannot be reached or changed.
    """
    with file_lock(settings.STATE_DIR / "migrate.lock"), lock_of_servers():
        if connection.vendor == "sqlite":
            path = Path(connection.settings_dict["NAME"])
            if path.exists() and (marker(path).exists() or not _is_intact(path)):
                _put_aside(path)
            make_private(path)
        _migrate()


@contextmanager
def lock_of_servers() -> Iterator[None]:
    """Lock a database that servers on other machines may migrate, too; the lock ends with the connection."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def watch(reopened: Callable[[], None]) -> None:
    """Start the monitor; `reopened` is called after each recovery of the database."""
    if connection.vendor != "sqlite":
        return
    path = Path(connection.settings_dict["NAME"])

    def prepare_again(failed: Identity, damaged: bool) -> None:
        if damaged:
            marker(path).touch()  # for the next start, in case this process ends in between
        with file_lock(settings.STATE_DIR / "migrate.lock"):
            if not _may_stay(path, failed, damaged):
                _put_aside(path)
            make_private(path)
            _migrate()
        reopened()

    monitor.watch(path, prepare_again)


def _may_stay(path: Path, failed: Identity, damaged: bool) -> bool:
    """Return whether the file at `path` can be used: an intact one that another process or a person put there.

    A WAL that is still that of the file that failed would be applied to a file that it does not belong to.
    """
    identity = Identity.of(path)
    if identity.file is None:
        return False
    same = identity.file == failed.file
    if damaged and same:
        return False
    if identity.wal is not None and (identity.wal == failed.wal) != same:
        return False
    return _is_intact(path)


def _is_intact(path: Path) -> bool:
    """Return whether a database is sound and has all the tables that its migrations have made."""
    return is_sound(path) and _has_its_tables(path)


def _has_its_tables(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=5)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "django_migrations" not in names:
            return not names
        applied = set(database.execute("SELECT app, name FROM django_migrations"))
    if migrations_on_disk() <= applied:
        return set(connection.introspection.django_table_names()) <= names
    # An older database gets the tables that it lacks from the migrations that it lacks.
    return not _known_apart() <= applied or set(connection.introspection.django_table_names()) <= names


@cache
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Return app and name of all migrations by the names of their files: importing them is a tenth of the start."""
    folders = ((app.label, Path(app.path, "migrations")) for app in apps.get_app_configs())
    return frozenset(
        (label, path.stem)
        for label, folder in folders
        if (folder / "__init__.py").exists()
        for path in folder.glob("*.py")
        if path.name[0] not in "_~"
    )


@cache
def _known_apart() -> frozenset[tuple[str, str]]:
    """Return the known migrations with the replaced ones instead of those that replace them."""
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None).disk_migrations
    return frozenset(name for key, migration in migrations.items() for name in migration.replaces or [key])


def _migrate() -> None:
    migrate(connection.alias)


def migrate(alias: str) -> None:
    """Create the tables of a database, or migrate those that it has."""
    applied = MigrationRecorder(connections[alias]).applied_migrations().keys()
    if migrations_on_disk() <= applied:
        return
    from runicorn_site.database.fresh import create_tables

    if not create_tables(connections[alias]):
        from django.core.management import call_command

        call_command("migrate", database=alias, interactive=False, verbosity=0)
    gc.collect()  # frees migrations and the models of their states: automatic collection is off during the start


def _put_aside(path: Path) -> None:
    """Move a database away, the file before its WAL: SQLite deletes the WAL of an empty file and never applies it."""
    connections.close_all()
    if not path.exists():
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return
    aside = path.with_name(
        f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}{path.suffix}"
    )
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    marker(path).unlink(missing_ok=True)
    for old in sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))[:-KEPT_COPIES]:
        for suffix in ("-wal", "-shm", ""):
            Path(f"{old}{suffix}").unlink(missing_ok=True)
    notices.append(
        f"The database was damaged. It was moved to {aside} and is being rebuilt from the storage root."
    )
    logger.error(notices[-1])


def make_private(path: Path) -> None:
    """Restrict the database to its owner; SQLite gives the WAL the same mode."""
    path.touch(mode=0o600)
    path.chmod(0o600)


def is_sound(path: Path) -> bool:
    """Return whether SQLite finds no damage within half a second; a large database is checked only in part.

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


def marker(path: Path) -> Path:
    """Return the marker file, which exists if `path` was found damaged while in use."""
    return path.with_suffix(".damaged")
