"""Create a backup while the server runs, and restore one while it does not."""

from __future__ import annotations

import time
from pathlib import Path

from people.options import has_users
from runicorn_site.backup import files
from runicorn_site.database.state_dir import state_directory

RUNNING = "A viewer is running: stop it first"


class OtherDatabase(Exception):
    """The database in use has the tables of another version."""


class CannotRestore(Exception):
    """A server is running, or existing data would be overwritten; the text says what to do."""


def create(target: Path) -> int:
    """Write a backup and return the number of its rows.

    Raises:
        OtherDatabase: the database in use has other tables than this version.
        OSError, django.db.Error: something cannot be read or written, or the file of the users is damaged or lost.
    """
    _set_up()
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    from runicorn_site.backup import rows
    from runicorn_site.database.durable import check_durable

    check_durable()
    if not _is_migrated():
        if files.is_in_use():
            raise OtherDatabase("The database is of another version than this program: restart the viewer")
        _prepare()
    # Rows before files: a channel or rule that is removed in between has its row removed when the server starts.
    text, number = rows.dump()
    about = {
        "database": connection.vendor,
        "has_users": has_users(),
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
    }
    files.write(target, text, number, about)
    return number


def restore(source: Path, *, overwrite: bool = False) -> tuple[int, Path | None]:
    """Restore a backup; return the number of its rows, and the backup of what was there before, if there was anything.

    Raises:
        BadBackup: it is not a backup, is damaged, or was made by a newer version.
        CannotRestore: a server is running, or there is something that would be overwritten.
        OSError, django.db.Error: something cannot be read or written.
    """
    backup = files.read(source)
    if files.is_in_use():
        raise CannotRestore(RUNNING)
    differing = files.conflicts(backup)
    if differing and not overwrite:
        raise CannotRestore(
            f"Files with other content exist ({', '.join(differing[:5])}): --overwrite replaces them"
            " after a backup of them"
        )
    files.restore_key(backup)
    _set_up()
    if overwrite:
        from runicorn_site.database.durable import set_aside

        set_aside()
    from django.db.migrations.loader import MigrationLoader

    from runicorn_site.backup import rows

    migrations = {
        name
        for key, migration in MigrationLoader(None).disk_migrations.items()
        for name in (key, *migration.replaces)
    }
    newer = {tuple(name) for name in backup.manifest["migrations"] if name[0] != "axes"} - migrations
    if newer:
        raise files.BadBackup(f"{source} was made by a newer version ({backup.manifest['runicorn']})")
    _prepare()
    if rows.has_server():
        raise CannotRestore(RUNNING)
    before = None
    if rows.count() or differing:
        if not overwrite:
            raise CannotRestore(
                "The database has users, events or other rows already: --overwrite replaces them"
                " after a backup of them"
            )
        before = state_directory() / f"before-restore-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz"
        create(before)
    rows.load(backup.rows, replace=overwrite)
    files.restore(backup)
    return int(backup.manifest["rows"]), before


def _set_up() -> None:
    import django

    django.setup()


def _prepare() -> None:
    """Create or migrate the databases."""
    from runicorn_site.database.durable import prepare_durable
    from runicorn_site.database.prepare import prepare

    prepare()
    prepare_durable()


def _is_migrated() -> bool:
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    from runicorn_site.database.prepare import migrations_on_disk

    return all(
        migrations_on_disk() <= MigrationRecorder(connections[name]).applied_migrations().keys()
        for name in connections
    )
