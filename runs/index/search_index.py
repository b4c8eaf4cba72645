"""Trigram index over `Run.search` for SQLite, created by `runs/migrations/_search_index.py`."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from runs.models import Run, StorageRoot


def add(root: StorageRoot, run_ids: Sequence[str]) -> None:
    """Index rows that were just inserted."""
    if connection.vendor != "sqlite" or not run_ids:
        return
    rows = Run.objects.filter(root=root, run_id__in=run_ids).order_by().values_list("pk", "search")
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO runs_search(rowid, search) {sql}", parameters)


def rebuild() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO runs_search(runs_search) VALUES('rebuild')")
