"""Read MLflow's SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from runicorn.store.units import number_of
from runicorn_importers.experiment import Experiment, Series, sizes
from runicorn_importers.formats.sqlite import open_to_read
from runicorn_importers.mlflow.run import (
    PARENT,
    MlflowRun,
    Model,
    Single,
    artifact_files,
    elsewhere,
    experiment,
    local,
    seconds,
)

RUNS = """
    SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.artifact_uri, e.name, e.experiment_id
    FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
    WHERE r.lifecycle_stage = 'active' AND e.lifecycle_stage = 'active' ORDER BY r.start_time, r.run_uuid
"""

STATISTICS = """
    SELECT key, count, low, high, value, is_nan FROM (
        SELECT key, value, is_nan, COUNT(*) OVER every AS count,
            MIN(value) FILTER (WHERE NOT is_nan) OVER every AS low,
            MAX(value) FILTER (WHERE NOT is_nan) OVER every AS high,
            ROW_NUMBER() OVER (PARTITION BY key ORDER BY step DESC, timestamp DESC, rowid DESC) AS place
        FROM metrics WHERE run_uuid = ? WINDOW every AS (PARTITION BY key)
    ) WHERE place = 1
"""


def is_ours(path: Path) -> bool:
    """Return whether a file is a database of MLflow."""
    try:
        with closing(open_to_read(path)) as database:
            return _tables(database) >= {"experiments", "runs", "metrics", "params", "tags"}
    except sqlite3.DatabaseError:
        return False


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def of_database(path: Path) -> Iterator[Experiment]:
    """Yield the runs of a database.

    Raises:
        sqlite3.Error: it is damaged.
    """
    with closing(open_to_read(path)) as database:
        tables = _tables(database)
        models = _models(database, path.parent) if "logged_models" in tables else []
        traces = _counts(database, "SELECT experiment_id, COUNT(*) FROM trace_info GROUP BY 1", "trace_info")
        datasets = _counts(
            database,
            "SELECT destination_id, COUNT(*) FROM inputs WHERE source_type = 'DATASET' GROUP BY 1",
            "inputs",
        )
        rows = database.execute(RUNS).fetchall()
        names = {run_id: name or run_id for run_id, name, *_ in rows}
        parents = {
            parent for (parent,) in database.execute("SELECT value FROM tags WHERE key = ?", (PARENT,))
        }
        for row in rows:
            run = _run(database, path, row, [model for model in models if model.run_id == row[0]])
            if count := traces.pop(row[7], 0):
                run.omissions.append(f"not imported: {number_of(count, 'trace')} of the experiment.")
            if count := datasets.get(row[0], 0):
                run.omissions.append(f"not imported: {number_of(count, 'dataset')} that only MLflow knows.")
            yield experiment(run, names, parents)


def _counts(database: sqlite3.Connection, query: str, table: str) -> dict[Any, int]:
    return dict(database.execute(query).fetchall()) if table in _tables(database) else {}


def _run(database: sqlite3.Connection, path: Path, row: tuple[Any, ...], models: list[Model]) -> MlflowRun:
    run_id, name, status, started, ended, uri, project, _ = row
    params, tags = (
        dict(database.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ?", (run_id,)))
        for table in ("params", "tags")
    )
    count, newest = database.execute(
        "SELECT COUNT(*), MAX(timestamp) FROM metrics WHERE run_uuid = ?", (run_id,)
    ).fetchone()
    artifacts = artifact_files(local(uri), path.parent) or _moved(path.parent, f"{run_id}/artifacts")
    files = sizes(
        file for paths in (artifacts, *(model.paths for model in models)) for file in paths.values()
    )
    return MlflowRun(
        id=run_id,
        project=project,
        name=name or tags.get("mlflow.runName") or run_id,
        status=status,
        started=seconds(started),
        ended=seconds(ended),
        changed=seconds(newest) or seconds(started),
        params=params,
        tags=tags,
        metrics=_metrics(path, run_id),
        check=_check(path, run_id),
        artifacts=artifacts,
        state=f"{status} {ended} {count} {newest} {params} {tags}\n{files}",
        models=models,
        omissions=[] if artifacts else elsewhere(uri, path.parent),
    )


def _models(database: sqlite3.Connection, top: Path) -> list[Model]:
    """Return the logged models, which exist since MLflow 3."""
    rows = database.execute(
        "SELECT model_id, name, source_run_id, artifact_location FROM logged_models "
        "WHERE lifecycle_stage IS NULL OR lifecycle_stage = 'active'"
    ).fetchall()
    return [
        Model(
            model_id,
            name,
            run_id or "",
            artifact_files(local(place), top) or _moved(top, f"models/{model_id}/artifacts"),
        )
        for model_id, name, run_id, place in rows
    ]


def _metrics(path: Path, run_id: str) -> Callable[[], Iterable[Single]]:
    def rows() -> Iterator[Single]:
        with closing(open_to_read(path)) as database:
            for name, value, milliseconds, step, is_nan in database.execute(
                "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ?", (run_id,)
            ):
                yield step, milliseconds / 1000, name, float("nan") if is_nan else value

    return rows


def _check(path: Path, run_id: str) -> Callable[[], dict[str, Series]]:
    def counted() -> dict[str, Series]:
        with closing(open_to_read(path)) as database:
            return {
                name: Series(count, low, high, float("nan") if is_nan else last)
                for name, count, low, high, last, is_nan in database.execute(STATISTICS, (run_id,))
            }

    return counted


def _moved(top: Path, tail: str) -> dict[str, Path]:
    """Return the artifacts of a store that was moved: the database has absolute paths."""
    if not all(part.replace("-", "").isalnum() for part in tail.split("/")):
        return {}
    matches = [*top.glob(f"*/{tail}"), *top.glob(f"*/*/{tail}")]
    return artifact_files(matches[0], top) if matches else {}
