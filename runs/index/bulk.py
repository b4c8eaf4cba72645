"""Insert or update many rows of one table by one statement.

`bulk_create` and `bulk_update` prepare every value of every row through its field: 120 to 240 µs for a row of a run,
most of the time that a store of 10,000 runs takes to be listed for the first time. Here only the values that need
it are prepared. Callers pass clean values of the right type, and only JSON fields need preparation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, connection, models

Row = Sequence[Any]
LARGE_CACHE_KB = 8000


def _no_pause() -> None:
    """Let writers go on at once."""


breathe: Callable[[], object] = _no_pause
"""Called between two transactions of very many rows, so that the database can keep up; see `paced()`."""


@contextmanager
def paced(pause: Callable[[], object]) -> Iterator[None]:
    """Call `pause` between transactions while another thread keeps the journal of the database small."""
    global breathe
    breathe = pause
    try:
        yield
    finally:
        if breathe is pause:  # not that of a newer thread
            breathe = _no_pause


@contextmanager
def large_cache() -> Iterator[None]:
    """Let SQLite keep more pages in memory while this thread writes very many rows.

    Each row of a metric goes to a random page of four indexes. With the cache of other connections a tenth of the time
    of a first index is spent on reading these pages again.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        (usual,) = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size=-{LARGE_CACHE_KB}")
    try:
        yield
    finally:
        # Another connection after the database was replaced, none while it is.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size={usual}")
            cursor.execute("PRAGMA shrink_memory")


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows given as the values of the fields `names`, in that order; their new keys are not returned."""
    quote = connection.ops.quote_name
    fields = _fields(model, names)
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"
    _run(sql, fields, rows)


def update(model: type[models.Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Update rows given as the values of the fields `names`, in that order, and their primary key as the last."""
    quote = connection.ops.quote_name
    fields = _fields(model, names)
    changes = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    (key,) = _fields(model, ["id"])
    sql = f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {quote(key.column)} = %s"
    _run(sql, [*fields, key], rows)


def _fields(model: type[models.Model], names: Sequence[str]) -> list[Any]:
    return [model._meta.get_field(name) for name in names]


def _run(sql: str, fields: Sequence[Any], rows: Iterable[Row]) -> None:
    prepared = [
        (place, _preparer(field)) for place, field in enumerate(fields) if isinstance(field, models.JSONField)
    ]
    values = []
    for row in rows:
        ready = list(row)
        for place, prepare in prepared:
            ready[place] = prepare(ready[place])
        values.append(ready)
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(sql, values)


def _preparer(field: Any) -> Callable[[Any], Any]:
    # Most JSON values of most rows are empty.
    empty: dict[type, Any] = {kind: field.get_db_prep_save(kind(), connection) for kind in (list, dict)}
    empty[type(None)] = None

    def prepare(value: Any) -> Any:
        return field.get_db_prep_save(value, connection) if value else empty[type(value)]

    return prepare
