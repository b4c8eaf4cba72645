"""The durable database as a file of its own, in and out of a backup."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, models, transaction
from django.db.models.functions import Now

from runicorn_site.backup.copying import BY_MIGRATION, Table, connect, copied_models, copy, disconnect
from runicorn_site.cluster.models import Lease
from runicorn_site.database.durable import durable_file
from runicorn_site.database.durable_file import marker
from runicorn_site.database.imports import PUBLIC
from runicorn_site.database.prepare import make_private
from runicorn_site.database.settings import durable, sqlite
from runicorn_site.web.durable import DURABLE
from runicorn_site.web.models import ImportedFile

COPY: Final = f"backup-{DURABLE}"
TEMPORARY: Final = frozenset({"sessions", "axes"})
"""Apps whose rows are in no backup: sessions, and wrong passwords."""
OWN: Final = frozenset({*BY_MIGRATION, ImportedFile._meta.label, "admin.LogEntry"})
"""Models whose rows are not those of users."""


def snapshot() -> bytes:
    """Return the database as a SQLite file, without sessions; it may be in use."""
    with _draft() as draft:
        file = durable_file()
        if file is not None:
            draft.unlink()
            with closing(sqlite3.connect(file, timeout=30)) as source:
                source.execute("VACUUM INTO ?", [str(draft)])
        else:
            with _copied(draft), _snapshots():
                copy(Table(model, DURABLE, COPY) for model in copied_models(durable=True))
        _strip(draft)
        return draft.read_bytes()


def count() -> int:
    """Return the number of rows that a restore would replace."""
    return sum(model._base_manager.using(DURABLE).count() for model in _kept())


def install(content: bytes, load: Callable[[str], None] | None = None) -> None:
    """Replace the database by that of a backup, which is migrated first.

    Args:
        content: a SQLite file; empty with `load`.
        load: fills an empty database by its alias.
    """
    with _draft() as draft:
        draft.write_bytes(content)
        with _copied(draft):
            if load is not None:
                load(COPY)
            if (file := durable_file()) is None:
                _replace_rows()
        if file is not None:
            connections[DURABLE].close()
            file.with_name(f"{file.name}-journal").unlink(missing_ok=True)
            os.replace(draft, file)
            marker(file).touch(mode=0o600)


def has_server() -> bool:
    """Return whether a server does background work on a database that several share."""
    return connection.vendor != "sqlite" and Lease.objects.filter(until__gt=Now()).exists()


def _kept() -> Iterator[type[models.Model]]:
    for model in copied_models(durable=True):
        if model._meta.app_label not in TEMPORARY and model._meta.label not in OWN:
            yield model


def _replace_rows() -> None:
    tables = [Table(model, COPY, DURABLE) for model in copied_models(durable=True)]
    with transaction.atomic(using=DURABLE):
        for table in reversed(tables):
            table.model._base_manager.using(DURABLE).all().delete()
        copy(tables)
        # What was beside the index before stays there.
        ImportedFile.objects.get_or_create(place=PUBLIC, digest="", defaults={"at": 0.0})


@contextmanager
def _draft() -> Iterator[Path]:
    draft = Path(settings.STATE_DIR) / f".backup-{os.getpid()}.sqlite3"
    make_private(draft)
    try:
        yield draft
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


@contextmanager
def _copied(file: Path) -> Iterator[None]:
    """Connect a file with the tables of this version."""
    connect(COPY, durable(sqlite(file), file))
    try:
        call_command("migrate", database=COPY, interactive=False, verbosity=0)
        yield
    finally:
        disconnect(COPY)


@contextmanager
def _snapshots() -> Iterator[None]:
    """Read everything in one snapshot, without blocking writers."""
    with ExitStack() as transactions:
        transactions.enter_context(transaction.atomic(using=DURABLE))
        with connections[DURABLE].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        transactions.enter_context(transaction.atomic(using=COPY))
        yield


def _strip(file: Path) -> None:
    """Remove sessions and wrong passwords, and what is left of them in the file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            if name.startswith(("django_session", "axes_")):
                database.execute(f'DELETE FROM "{name}"')
        database.execute("VACUUM")
