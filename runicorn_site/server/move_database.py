"""Copy all rows of one database into another, empty one: from SQLite to PostgreSQL, or back.

The target is the default database of this process, because migrations work on that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS as TARGET
from django.db import connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from runicorn._platform import file_lock
from runicorn_site.cluster.models import Lease
from runicorn_site.database.prepare import MIGRATION_LOCK
from runicorn_site.database.settings import DatabaseSettings
from runicorn_site.server.worker import keep_wal_small, lock_name

SOURCE = "source"
CHUNK = 1000
BY_MIGRATION = {"contenttypes.ContentType", "auth.Permission", "cluster.Lease"}
"""Tables that migrations and servers fill by themselves."""


class CannotMove(Exception):
    """The databases are not in a state in which rows can be copied; nothing was copied."""


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
    connections.settings[SOURCE] = connections.configure_settings({TARGET: source})[TARGET]
    own, other = connections[TARGET].settings_dict, connections[SOURCE].settings_dict
    if all(own[part] == other[part] for part in ("NAME", "HOST", "PORT")):
        raise CannotMove("Source and target are the same database")
    with ExitStack() as locks:
        locks.enter_context(file_lock(settings.STATE_DIR / "migrate.lock"))
        for alias in (SOURCE, TARGET):
            locks.enter_context(_without_servers(alias))
        executor = MigrationExecutor(connections[SOURCE])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CannotMove("The database is of an older version: start the viewer with it once")
        _require_empty()
        call_command("migrate", database=TARGET, interactive=False, verbosity=0)
        with transaction.atomic(using=TARGET), transaction.atomic(using=SOURCE):
            return _copy()


@contextmanager
def _without_servers(alias: str) -> Iterator[None]:
    """Refuse a database with a running server, and let none start on it meanwhile."""
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
        connection.close()  # which ends the lock


def _models() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _require_empty() -> None:
    tables = set(connections[TARGET].introspection.table_names())
    for model in _models():
        table = model._meta.db_table
        is_filled = table in tables and model._base_manager.using(TARGET).exists()
        if is_filled and model._meta.label not in BY_MIGRATION:
            raise CannotMove(f"The target is not empty: {table} has rows")


def _copy() -> dict[str, int]:
    """Copy the tables; their constraints are checked at the end of the transaction."""
    copied = [model for model in _models() if model is not Lease]
    for model in copied:
        model._base_manager.using(TARGET).all().delete()
    counts = {}
    for model in copied:
        rows = model._base_manager.using(SOURCE).order_by("pk")
        iterator = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(iterator, CHUNK)):
            model._base_manager.using(TARGET).bulk_create(chunk)
        table, count = model._meta.db_table, rows.count()
        if count != model._base_manager.using(TARGET).count():
            raise CannotMove(f"The copy of {table} has another number of rows")
        counts[table] = count
    _complete(copied)
    return counts


def _complete(copied: list[type[models.Model]]) -> None:
    """Set what is derived from rows within a database: sequences of keys, and the index of searches."""
    connection = connections[TARGET]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), copied):
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            cursor.execute("INSERT INTO runs_search(runs_search) VALUES('rebuild')")
