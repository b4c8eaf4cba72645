"""Insert or update many rows of one table by one statement.

`bulk_create` and `bulk_update` prepare every value of every row through its field: 120 to 240 µs for a row of a run,
most of the time that a store of 10,000 runs takes to be listed for the first time. Here only the values that need
it are prepared. Callers pass clean values of the right type, and only JSON fields need preparation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

Row = Sequence[Any]


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
