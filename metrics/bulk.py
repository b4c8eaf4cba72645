"""Updating many rows, each to values of its own."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from django.db import connection
from django.db.models import Model


def update(rows: Sequence[Model], fields: Sequence[str]) -> None:
    """Write those fields, all of plain numbers, truths and texts, of rows of one model that exist already.

    One prepared statement for all rows: `bulk_update` builds one of tens of thousands of parameters, and for a run
    with a thousand metrics would hold the write lock several times as long.
    """
    if not rows:
        return
    meta, quote = rows[0]._meta, connection.ops.quote_name
    columns = [meta.get_field(name) for name in fields]
    assignments = ", ".join(f"{quote(column.column)} = %s" for column in columns)
    statement = f"UPDATE {quote(meta.db_table)} SET {assignments} WHERE {quote(meta.pk.column)} = %s"
    values = attrgetter(*(column.attname for column in columns), meta.pk.attname)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [values(row) for row in rows])
