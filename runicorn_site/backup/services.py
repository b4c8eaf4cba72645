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
        OSError, django.db.Error: something cannot be read or written, or the durable database is damaged or lost.
    """
    _set_up()
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    from runicorn_site.backup import database
    from runicorn_site.database.durable import check_durable, prepare_durable
    from runicorn_site.database.prepare import migrations_on_disk
    from runicorn_site.web.durable import DURABLE

    check_durable()
    recorder = MigrationRecorder(connections[DURABLE])
    if not migrations_on_disk() <= recorder.applied_migrations().keys():
        if files.is_in_use():
            raise OtherDatabase("The database is of another version than this program: restart the viewer")
        prepare_durable()
    about = {
        "database": connections[DURABLE].vendor,
        "has_users": has_users(),
        "migrations": sorted(recorder.applied_migrations()),
    }
    number = database.count()
    files.write(target, database.snapshot(), number, about)
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
    from django.db.migrations.loader import MigrationLoader

    from runicorn_site.backup import database, legacy_rows
    from runicorn_site.database.durable import prepare_durable, set_aside
    from runicorn_site.database.prepare import prepare

    if overwrite:
        set_aside()
    migrations = {
        name
        for key, migration in MigrationLoader(None).disk_migrations.items()
        for name in (key, *migration.replaces)
    }
    newer = {tuple(name) for name in backup.manifest["migrations"] if name[0] != "axes"} - migrations
    if newer:
        raise files.BadBackup(f"{source} was made by a newer version ({backup.manifest['runicorn']})")
    prepare()
    prepare_durable()
    if database.has_server():
        raise CannotRestore(RUNNING)
    before = None
    if database.count() or differing:
        if not overwrite:
            raise CannotRestore(
                "The database has users, events or other rows already: --overwrite replaces them"
                " after a backup of them"
            )
        before = state_directory() / f"before-restore-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz"
        create(before)
    if backup.manifest["format"] == 1:
        database.install(b"", lambda alias: legacy_rows.load(backup.content.decode(), alias))
    else:
        database.install(backup.content)
    files.restore(backup)
    prepare_durable()  # imports the files of a backup by an earlier version
    return int(backup.manifest["rows"]), before


def _set_up() -> None:
    import django

    django.setup()
