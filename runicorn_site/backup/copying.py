"""Copies of tables between databases of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models
from django.db.utils import DEFAULT_DB_ALIAS

from runicorn_site.cluster.models import Lease
from runicorn_site.database.router import is_durable
from runicorn_site.database.settings import DatabaseSettings

CHUNK = 1000
BY_MIGRATION = ("auth.Permission", "contenttypes.ContentType")
"""Tables that migrations fill."""


class DifferentCount(Exception):
    """The copy of a table has another number of rows."""


class Table(NamedTuple):
    """A table and the databases between which it is copied."""

    model: type[models.Model]
    source: str
    target: str

    @property
    def name(self) -> str:
        return self.model._meta.db_table


def connect(alias: str, entry: DatabaseSettings) -> None:
    """Name a further database."""
    connections.settings[alias] = connections.configure_settings({DEFAULT_DB_ALIAS: entry})[DEFAULT_DB_ALIAS]


def disconnect(alias: str) -> None:
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


def copied_models(durable: bool) -> Iterator[type[models.Model]]:
    """Yield the models of the durable database, or of the index, without those of running processes."""
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        is_table = meta.managed and not meta.proxy and model is not Lease
        if is_table and is_durable(meta.app_label, meta.model_name) == durable:
            yield model


def copy(tables: Iterable[Table]) -> dict[str, int]:
    """Copy tables within transactions of the caller, at whose end constraints are checked; return the numbers of rows.

    Raises:
        DifferentCount: something else writes to one of them.
    """
    tables = list(tables)
    by_label = {table.model._meta.label: table for table in tables}
    for label in BY_MIGRATION:
        if label in by_label:
            by_label[label].model._base_manager.using(by_label[label].target).all().delete()
    counts = {}
    for table in tables:
        rows = table.model._base_manager.using(table.source).order_by("pk")
        copies = table.model._base_manager.using(table.target)
        iterator = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(iterator, CHUNK)):
            copies.bulk_create(chunk)
        counts[table.name] = rows.count()
        if counts[table.name] != copies.count():
            raise DifferentCount(f"The copy of {table.name} has a different number of rows")
    for alias in {table.target for table in tables}:
        connection = connections[alias]
        copied = [table.model for table in tables if table.target == alias]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), copied):
                cursor.execute(statement)
    return counts
