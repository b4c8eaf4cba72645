"""Copy all rows of one database into another, empty one: from SQLite to PostgreSQL, or back.

The target is the database of this process, because migrations work on that one. With SQLite the durable database is a
file of its own (`runicorn_site/database/durable.py`), which two files of the index share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS as TARGET
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from runicorn._platform import file_lock
from runicorn_site.backup.copying import BY_MIGRATION, DifferentCount, Table, connect, copied_models, copy
from runicorn_site.cluster.models import Lease
from runicorn_site.database.durable import prepare_durable
from runicorn_site.database.durable_file import marker, place
from runicorn_site.database.prepare import MIGRATION_LOCK, make_private
from runicorn_site.database.settings import DatabaseSettings, durable
from runicorn_site.server.worker import keep_wal_small, lock_name
from runicorn_site.web.durable import DURABLE

SOURCE, SOURCE_DURABLE = "source", f"source-{DURABLE}"


class CannotMove(Exception):
    """The databases are not ready for a copy; nothing was copied."""


def move(source: DatabaseSettings) -> dict[str, int]:
    """Copy all rows of `source` into the default database; return the number of rows by table.

    Raises:
        CannotMove: a server runs on one of them, the source is missing or older than this program, the target is not
            empty, or a count differs afterwards.
        django.db.Error: one of them cannot be read or written; the target has no rows then.
    """
    engine, name = source.get("ENGINE", ""), source.get("NAME", "")
    if engine.endswith("sqlite") and not Path(name).is_file():
        raise CannotMove(f"There is no database {name}")
    connect(SOURCE, source)
    own, other = connections[TARGET].settings_dict, connections[SOURCE].settings_dict
    if all(own[part] == other[part] for part in ("NAME", "HOST", "PORT")):
        raise CannotMove("Source and target are the same database")
    with ExitStack() as locks:
        locks.enter_context(file_lock(settings.STATE_DIR / "migrate.lock"))
        for alias in (SOURCE, TARGET):
            locks.enter_context(_without_servers(alias))
        tables = _tables()
        _require_current(tables)
        _require_empty(tables)
        if connections[TARGET].vendor == "sqlite":
            make_private(Path(str(own["NAME"])))
        call_command("migrate", database=TARGET, interactive=False, verbosity=0)
        if any(table.target == DURABLE for table in tables):
            if (
                connections[DURABLE].vendor == "sqlite"
            ):  # a missing file is not lost: it gets the rows of the source
                marker(Path(connections[DURABLE].settings_dict["NAME"])).unlink(missing_ok=True)
            prepare_durable(is_new=True)
        for alias in {alias for table in tables for alias in (table.source, table.target)}:
            locks.enter_context(transaction.atomic(using=alias))
        return _copy(tables)


def _tables() -> list[Table]:
    is_file = {alias: connections[alias].vendor == "sqlite" for alias in (SOURCE, TARGET)}
    index = connections[SOURCE].settings_dict
    entry = cast(
        DatabaseSettings, {name: index[name] for name in DatabaseSettings.__annotations__ if name in index}
    )
    connect(SOURCE_DURABLE, durable(entry, place(settings.STATE_DIR)))
    tables = [Table(model, SOURCE, TARGET) for model in copied_models(durable=False)]
    if not all(is_file.values()):  # else both have the same file
        tables += [Table(model, SOURCE_DURABLE, DURABLE) for model in copied_models(durable=True)]
    present = {
        alias: set(connections[alias].introspection.table_names()) for alias in (SOURCE, SOURCE_DURABLE)
    }
    return [table for table in tables if table.name in present[table.source]]


def _require_current(tables: list[Table]) -> None:
    for alias in {table.source for table in tables}:
        copied = {table.model._meta.app_label for table in tables if table.source == alias}
        executor = MigrationExecutor(connections[alias])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if any(migration.app_label in copied for migration, _ in plan):
            raise CannotMove("The database is of an older version: start the viewer with it once")


@contextmanager
def _without_servers(alias: str) -> Iterator[None]:
    """Refuse a database with a running server, and prevent one from starting meanwhile."""
    connection = connections[alias]
    running = CannotMove("A viewer runs with one of the databases: stop it first")
    if connection.vendor == "sqlite":
        lock = settings.STATE_DIR / lock_name(keep_wal_small, str(connection.settings_dict["NAME"]))
        try:
            with file_lock(lock, blocking=False):
                yield
        except BlockingIOError as error:
            raise running from error
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
        if not cursor.fetchone()[0]:
            raise running
    has_leases = Lease._meta.db_table in connection.introspection.table_names()
    if has_leases and Lease.objects.using(alias).filter(until__gt=Now()).exists():
        raise running
    try:
        yield
    finally:
        connection.close()  # releases the lock


def _require_empty(tables: list[Table]) -> None:
    present = {
        alias: set(connections[alias].introspection.table_names())
        for alias in {table.target for table in tables}
    }
    for table in tables:
        is_filled = (
            table.name in present[table.target] and table.model._base_manager.using(table.target).exists()
        )
        if is_filled and table.model._meta.label not in BY_MIGRATION:
            place = connections[table.target].settings_dict["NAME"]
            raise CannotMove(f"The target is not empty: {table.name} in {place} has rows")


def _copy(tables: list[Table]) -> dict[str, int]:
    try:
        counts = copy(tables)
    except DifferentCount as error:
        raise CannotMove(str(error)) from error
    connection = connections[TARGET]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO runs_search(runs_search) VALUES('rebuild')")
    return counts
