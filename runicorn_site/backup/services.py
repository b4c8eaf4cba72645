"""Create a backup while the server runs, and restore one while it does not."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runicorn_site.backup import files
from runicorn_site.database.state_dir import state_directory
from runicorn_site.people.database import accounts_file, prepare_accounts
from runicorn_site.people.options import ON, SETTING

RUNNING = "A viewer is running: stop it first"


class OtherDatabase(Exception):
    """The database in use has the tables of another version."""


class CannotRestore(Exception):
    """Something is in the way of a restore; the text says what to do."""


def create(target: Path) -> int:
    """Write a backup and return the number of its rows.

    Raises:
        FileExistsError: there is such a file.
        OtherDatabase: the database in use has other tables than this version.
        OSError, django.db.Error: something cannot be read or written.
    """
    _set_up()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from runicorn_site.backup import rows
    from runicorn_site.database.prepare import prepare

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        if files.is_in_use():
            raise OtherDatabase("The database is of another version than this program: restart the viewer")
        prepare()
        executor = MigrationExecutor(connection)
    # Rows before files: a channel or rule that is removed in between has its row removed when the server starts.
    text, number = rows.dump()
    applied = sorted(executor.loader.applied_migrations)
    files.write(target, text, number, {"database": connection.vendor, "migrations": applied})
    return number


def restore(source: Path, *, overwrite: bool = False) -> tuple[int, Path | None]:
    """Restore a backup; return the number of its rows, and the backup of what was there before, if there was anything.

    Raises:
        BadBackup: it is no backup, is damaged, or was made by a newer version.
        CannotRestore: a server is running, or there is something that would be overwritten.
        OSError, django.db.Error: something cannot be read or written.
    """
    backup = files.read(source)
    if files.is_in_use():
        raise CannotRestore(RUNNING)
    differing = files.conflicts(backup)
    if differing and not overwrite:
        raise CannotRestore(
            f"There are other files already ({', '.join(differing[:5])}): --overwrite replaces them"
            " after a backup of them"
        )
    files.restore_key(backup)
    _set_up(has_users='"model": "people.' in backup.rows)
    from django.db.migrations.loader import MigrationLoader

    from runicorn_site.backup import rows
    from runicorn_site.database.prepare import prepare

    newer = {tuple(one) for one in backup.manifest["migrations"]} - set(MigrationLoader(None).disk_migrations)
    if newer:
        raise files.BadBackup(f"{source} was made by a newer version ({backup.manifest['runicorn']})")
    prepare()
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


def _set_up(has_users: bool = False) -> None:
    """Set up Django, with the accounts if there are any here, or in the backup."""
    import django

    if has_users or accounts_file().exists():
        os.environ[SETTING] = ON
    django.setup()
    prepare_accounts()
