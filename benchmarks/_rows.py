"""Very many runs as rows alone, without folders: a million of them in minutes, to measure reading."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

CHUNK = 20_000
NO_DEVICE = 1
"""No disk has this number: the viewer takes the empty folder for a disk that is not mounted, and keeps the rows."""
METRICS = ("val/loss", "val/accuracy")


def fill(path: Path, count: int) -> list[str]:
    """Rows of `count` finished runs of the active root, their tags, metrics and config; some of their ids."""
    from django.db import connection

    from runs.models import StorageRoot

    with connection.cursor() as cursor:
        indexes = _drop_indexes(cursor)
        for start in range(0, count, CHUNK):
            _add(range(start, min(start + CHUNK, count)))
        for statement in indexes:
            cursor.execute(statement)
        cursor.execute("INSERT INTO runs_search(runs_search) VALUES('rebuild')")
    with connection.schema_editor() as editor:
        import_module("runs.migrations.0003_query_plans").assume(None, editor)
    StorageRoot.objects.filter(path=str(path)).update(device=NO_DEVICE, listed_at=time.time())
    return [run_id(number) for number in range(count - 1, count - 400, -1)]


def run_id(number: int) -> str:
    """The id of the run of that number."""
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(1_600_000_000 + number * 60))
    return f"{stamp}_{number:06x}"


def _drop_indexes(cursor: Any) -> list[str]:
    """Take the indexes away that can be made again at once for all rows, which is ten times faster."""
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type='index' AND sql LIKE '%% ON \"runs_run%%'")
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def _add(numbers: range) -> None:
    from django.db import transaction

    from runs import bulk
    from runs.active import active_root
    from runs.models import Run, RunMetric, RunParam, RunTag

    root = active_root().pk
    with transaction.atomic():
        bulk.insert(Run, ("id", *RUN), ((number + 1, *_run(root, number)) for number in numbers))
        bulk.insert(
            RunTag, ("root", "run", "tag"), ((root, n + 1, "baseline") for n in numbers if n % 3 == 0)
        )
        bulk.insert(RunMetric, METRIC, _metrics(root, numbers))
        bulk.insert(RunParam, ("root", "run", "key", "number", "text"), _params(root, numbers))


RUN = (
    *("root", "run_id", "folder", "project", "name", "status", "created", "updated", "started", "ended"),
    *("duration", "best_metric_name", "best_metric_value", "signature", "tags", "search"),
    *("warnings", "other_folders", "group", "hostname", "machine_id", "boot_id", "pid_namespace"),
    *("description", "pinned", "archived", "summary", "config", "environment_available"),
    *("artifacts_created_count", "artifacts_used_count", "journal_bytes", "media_offset", "media_mark"),
    *("delete_reason", "original_status"),
)
METRIC = ("root", "run", "key", "count", "last", "minimum", "maximum", "best")


def _run(root: int, number: int) -> tuple[Any, ...]:
    variant, created, one = number % 400, 1_600_000_000.0 + number * 60, run_id(number)
    project, name = f"project-{variant % 8}", f"experiment-{variant}"
    status = "interrupted" if variant % 100 == 7 else ("failed" if variant % 10 == 3 else "finished")
    search = f"{project}\n{name}\n{one}\nbaseline\n" if number % 3 == 0 else f"{project}\n{name}\n{one}\n"
    tags = ["baseline"] if number % 3 == 0 else []
    folder = f"{project}/{name}/runs/{one}"
    times = (created, created + variant, created, created + variant, float(variant))
    head = (root, one, folder, project, name, status, *times, "accuracy", variant / 400, "seen", tags, search)
    return (
        *head,
        [],
        [],
        "",
        "elsewhere",
        "",
        "",
        "",
        "",
        False,
        False,
        {},
        {},
        False,
        0,
        0,
        0,
        0,
        "",
        "",
        "",
    )


def _metrics(root: int, numbers: range) -> Iterator[tuple[Any, ...]]:
    random = Random(numbers.start)
    for number in numbers:
        for name in METRICS:
            value = random.random()
            yield root, number + 1, name, 100, value, value / 2, value * 2, value


def _params(root: int, numbers: range) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        variant = number % 400
        yield root, number + 1, "lr", variant / 1000, repr(variant / 1000)
        yield root, number + 1, "optimizer", None, "adam" if variant % 2 else "sgd"
