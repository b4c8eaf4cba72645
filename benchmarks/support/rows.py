"""Rows of very many runs without folders: a million in a minute or two, to measure reading."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

NO_DEVICE = 1
"""A device number of no disk: the viewer takes the empty folder for an unmounted disk and keeps the rows."""
METRICS = ("val/loss", "val/accuracy")
CACHE_KIB = 400_000
IDS = {
    "sqlite": "strftime('%%Y%%m%%d_%%H%%M%%S', 1600000000 + n * 60, 'unixepoch') || printf('_%%06x', n)",
    "postgresql": "to_char(to_timestamp(1600000000 + n * 60) AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS_')"
    " || lpad(to_hex(n), 6, '0')",
}
CHANCE = {"sqlite": "abs(random() %% 1000000007) / 1000000007.0", "postgresql": "random()"}
JSON = {"sqlite": "%s", "postgresql": "CAST(%s AS jsonb)"}
NUMBERS = (
    "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %(count)s), "
    "runs AS (SELECT n, n %% 400 AS variant, n %% 3 = 0 AS tagged, 1600000000.0 + n * 60 AS created, "
    "'project-' || (n %% 400 %% 8) AS project, 'experiment-' || (n %% 400) AS name, {ids} AS run_id "
    "FROM numbers) "
)
"""Values that differ between runs; the database generates the rows, which is ten times faster than inserting them."""
RUN = {
    "id": "n + 1",
    "root_id": "%(root)s",
    "run_id": "run_id",
    "folder": "project || '/' || name || '/runs/' || run_id",
    "project": "project",
    "name": "name",
    "status": "CASE WHEN variant %% 100 = 7 THEN 'interrupted' WHEN variant %% 10 = 3 THEN 'failed'"
    " ELSE 'finished' END",
    "created": "created",
    "updated": "created + variant",
    "started": "created",
    "ended": "created + variant",
    "duration": "variant + 0.0",
    "best_metric_name": "'accuracy'",
    "best_metric_value": "variant / 400.0",
    "best_score": "variant / 400.0",
    "signature": "'seen'",
    "search": "project || '\n' || name || '\n' || run_id || '\n'"
    " || CASE WHEN tagged THEN 'baseline\n' ELSE '' END",
    "hostname": "'elsewhere'",
}
TAGS = """CASE WHEN tagged THEN '["baseline"]' ELSE '[]' END"""
METRIC = {"root_id": "%(root)s", "run_id": "n + 1", "key": "%(key)s", "count": "100"} | {
    "last": "value",
    "minimum": "value / 2",
    "maximum": "value * 2",
    "best": "value",
}
PARAM = {"root_id": "%(root)s", "run_id": "n + 1", "key": "%(key)s"}


def fill(path: Path, count: int) -> list[str]:
    """Insert rows of `count` finished runs of the active root with tags, metrics and config; return some of their ids."""
    from django.db import connection, transaction

    from runs.active_root import active_root
    from runs.models import StorageRoot

    parameters = {"root": active_root().pk, "count": count}
    with connection.cursor() as cursor, transaction.atomic():
        if connection.vendor == "sqlite":
            _fill_sqlite(cursor, parameters)
        else:
            _fill_postgresql(cursor, parameters)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")  # as its daemon does after some minutes
        cursor.execute("SELECT run_id FROM runs_run ORDER BY id DESC LIMIT 400")
        ids = [row[0] for row in cursor.fetchall()]
    StorageRoot.objects.filter(path=str(path)).update(device=NO_DEVICE, listed_at=time.time())
    return ids


def _fill_sqlite(cursor: Any, parameters: dict[str, Any]) -> None:
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.execute("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl LIKE 'runs_run%%'")
    assumed = cursor.fetchall()
    indexes = _drop_indexes(cursor)
    cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl LIKE 'runs_run%%'")
    _insert_all(cursor, "sqlite", parameters)
    for statement in indexes:
        cursor.execute(statement)
    cursor.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", assumed)
    cursor.execute("ANALYZE sqlite_schema")
    cursor.execute("INSERT INTO runs_search(runs_search) VALUES('rebuild')")


def _fill_postgresql(cursor: Any, parameters: dict[str, Any]) -> None:
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename LIKE 'runs_run%%' AND indexdef NOT LIKE 'CREATE UNIQUE%%'"
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    _insert_all(cursor, "postgresql", parameters)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for _, statement in indexes:
        cursor.execute(statement)
    cursor.execute("SELECT setval(pg_get_serial_sequence('runs_run', 'id'), %(count)s)", parameters)


def _insert_all(cursor: Any, vendor: str, parameters: dict[str, Any]) -> None:
    from runs.models import Run, RunMetric, RunParam, RunTag

    def insert(model: Any, columns: dict[str, str], source: str, **more: str) -> None:
        _insert(cursor, NUMBERS.format(ids=IDS[vendor]), model, columns, source, parameters | more)

    insert(Run, RUN | {"tags": JSON[vendor] % TAGS}, "runs")
    insert(RunTag, {"root_id": "%(root)s", "run_id": "n + 1", "tag": "'baseline'"}, "runs WHERE tagged")
    for key in METRICS:
        insert(RunMetric, METRIC, f"(SELECT n, {CHANCE[vendor]} AS value FROM runs) AS chances", key=key)
    rate = "CAST(variant / 1000.0 AS double precision)"
    insert(RunParam, PARAM | {"number": rate, "text": rate}, "runs", key="lr")
    name = "CASE WHEN variant %% 2 = 1 THEN 'adam' ELSE 'sgd' END"
    insert(RunParam, PARAM | {"number": "NULL", "text": name}, "runs", key="optimizer")


def _insert(
    cursor: Any, numbers: str, model: Any, columns: dict[str, str], source: str, parameters: dict[str, Any]
) -> None:
    """Insert all rows by one statement: `columns` by the given expressions, every other by its default."""
    others = {}
    for field in model._meta.concrete_fields:
        if field.column not in columns and field.column != "id" and not field.null:
            default = field.get_default()
            others[field.column] = json.dumps(default) if isinstance(default, list | dict) else default
    all_columns = columns | {column: f"%(default_{column})s" for column in others}
    into = ", ".join(f'"{column}"' for column in all_columns)
    values = {f"default_{column}": value for column, value in others.items()}
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({into}) {numbers} SELECT {', '.join(all_columns.values())} FROM {source}",
        parameters | values,
    )


def _drop_indexes(cursor: Any) -> list[str]:
    """Drop the indexes, which is ten times faster than updating them; return the statements that recreate them."""
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type='index' AND sql LIKE '%% ON \"runs_run%%'")
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in indexes]
