"""Read MLflow's SQLite database."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.experiment import Experiment, Series, sizes
from runicorn_importers.formats.sqlite import open_to_read
from runicorn_importers.mlflow.records import CONTEXT, SOURCE_RUN, Trace, dataset_table, spans_in
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

INFINITY = sys.float_info.max
"""What MLflow stores for an infinity, since its databases have none."""

STATISTICS = """
    SELECT key, count, low, high, value, is_nan FROM (
        SELECT key, value, is_nan, COUNT(*) OVER every AS count,
            MIN(value) FILTER (WHERE NOT is_nan AND ABS(value) < :infinity) OVER every AS low,
            MAX(value) FILTER (WHERE NOT is_nan AND ABS(value) < :infinity) OVER every AS high,
            ROW_NUMBER() OVER (PARTITION BY key ORDER BY step DESC, timestamp DESC, rowid DESC) AS place
        FROM metrics WHERE run_uuid = :run WINDOW every AS (PARTITION BY key)
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
        omissions: dict[Any, list[str]] = {}
        traces = _traces(database, path.parent, omissions) if {"trace_info", "trace_tags"} <= tables else {}
        datasets = _datasets(database) if {"inputs", "datasets", "input_tags"} <= tables else {}
        rows = database.execute(RUNS).fetchall()
        names = {run_id: name or run_id for run_id, name, *_ in rows}
        parents = {
            parent for (parent,) in database.execute("SELECT value FROM tags WHERE key = ?", (PARENT,))
        }
        for row in rows:
            run = _run(database, path, row, [model for model in models if model.run_id == row[0]])
            run.omissions.extend(omissions.pop(row[7], []))
            own = traces.get(row[0], [])
            media = [*dataset_table(datasets.get(row[0], []), run.started), *(trace.media() for trace in own)]
            state = f"{run.state}\n{len(own)} {len(datasets.get(row[0], []))}" if media else run.state
            yield experiment(replace(run, media=media, state=state), names, parents)


def _traces(
    database: sqlite3.Connection, top: Path, omissions: dict[Any, list[str]]
) -> dict[str, list[Trace]]:
    """Return the traces by run; add those without a run or unreadable ones to `omissions`, by experiment."""
    traces: dict[str, list[Trace]] = {}
    tables = _tables(database)
    sources = "trace_request_metadata" if "trace_request_metadata" in tables else "trace_tags"
    query = (
        "SELECT t.request_id, t.experiment_id, t.timestamp_ms, run.value, name.value FROM trace_info t "
        f"LEFT JOIN {sources} run ON run.request_id = t.request_id AND run.key = ? "
        "LEFT JOIN trace_tags name ON name.request_id = t.request_id AND name.key = 'mlflow.traceName' "
        "ORDER BY t.timestamp_ms, t.request_id"
    )
    for trace_id, experiment_id, began, run_id, name in database.execute(query, (SOURCE_RUN,)).fetchall():
        try:
            spans = _spans(database, trace_id, top, "spans" in tables)
        except (OSError, ValueError) as error:
            omissions.setdefault(experiment_id, []).append(f"the trace {trace_id} was not imported: {error}.")
            continue
        if run_id:
            traces.setdefault(run_id, []).append(Trace(name or "", seconds(began), spans))
        else:
            omissions.setdefault(experiment_id, []).append(
                f"the trace {trace_id} belongs to no run and was not imported."
            )
    return traces


def _spans(database: sqlite3.Connection, trace_id: str, top: Path, has_spans: bool) -> list[Any]:
    """Return the spans of a trace, from the database or from the file of older versions."""
    query = "SELECT content FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano"
    rows = database.execute(query, (trace_id,)).fetchall() if has_spans else []
    if rows:
        return [json.loads(content) for (content,) in rows]
    files = _moved(top, f"traces/{trace_id}/artifacts")
    if "traces.json" not in files:
        raise ValueError("its spans are not in the imported folder")
    return spans_in(regular_file.read_bytes(files["traces.json"]))


def _datasets(database: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    """Return the datasets by run."""
    datasets: dict[str, list[dict[str, Any]]] = {}
    columns = ("name", "digest", "source_type", "source", "schema", "profile", "context")
    for run_id, *values in database.execute(
        "SELECT i.destination_id, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, "
        "d.dataset_profile, tag.value FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
        "LEFT JOIN input_tags tag ON tag.input_uuid = i.input_uuid AND tag.name = ? "
        "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' ORDER BY d.name, d.digest",
        (CONTEXT,),
    ):
        datasets.setdefault(run_id, []).append(dict(zip(columns, values, strict=True)))
    return datasets


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
                yield step, milliseconds / 1000, name, _value(value, is_nan)

    return rows


def _value(value: float, is_nan: int) -> float:
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= INFINITY else value


def _check(path: Path, run_id: str) -> Callable[[], dict[str, Series]]:
    def counted() -> dict[str, Series]:
        with closing(open_to_read(path)) as database:
            return {
                name: Series(count, low, high, _value(last, is_nan))
                for name, count, low, high, last, is_nan in database.execute(
                    STATISTICS, {"run": run_id, "infinity": INFINITY}
                )
            }

    return counted


def _moved(top: Path, tail: str) -> dict[str, Path]:
    """Return the artifacts of a store that was moved: the database has absolute paths."""
    if not all(part.replace("-", "").isalnum() for part in tail.split("/")):
        return {}
    matches = [*top.glob(f"*/{tail}"), *top.glob(f"*/*/{tail}")]
    return artifact_files(matches[0], top) if matches else {}
