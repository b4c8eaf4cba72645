"""Stored runs as MLflow returns them, and its filters and orders."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from runicorn.compat.mlflow.entities import NAME_TAG, PARENT_TAG, Metric, Run, RunData, RunInfo, tags_in
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.saved_files import FILES
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.store.journal.records import metric_records

STATUSES = {
    layout.RUNNING: "RUNNING",
    layout.FINISHED: "FINISHED",
    layout.FAILED: "FAILED",
    layout.INTERRUPTED: "KILLED",
}
CONDITION = re.compile(
    r"\s*(?:(?P<kind>[a-z]+)\.)?(?P<name>`[^`]+`|\"[^\"]+\"|[\w./-]+)\s*(?P<operator>!=|<=|>=|=|<|>|(?i:I?LIKE|(NOT\s+)?IN))"
    r"\s*(?P<value>'[^']*'|\"[^\"]*\"|\([^)]*\)|[^\s'\"]+)\s*"
)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "LIKE": lambda value, pattern: _is_like(value, pattern, 0),
    "ILIKE": lambda value, pattern: _is_like(value, pattern, re.IGNORECASE),
    "IN": lambda value, choices: value in choices,
    "NOT IN": lambda value, choices: value not in choices,
}


def folder_of(run_id: str) -> Path | None:
    """Return the folder of a stored run; None without one."""
    root = user.storage_root(None)
    return next((root / place for place in find.find(root, run_id)), None)


def stored_run(run_id: str) -> Run | None:
    """Return a stored run; None without one."""
    folder = folder_of(run_id)
    return None if folder is None else _read(folder)


def _read(folder: Path) -> Run:
    def content(file: str) -> dict[str, Any]:
        return layout.read_json(folder / file)[0]

    meta, status, config = content(layout.META), content(layout.STATUS), content(layout.CONFIG)
    tags = tags_in(meta)
    if parent := config.pop("mlflow.parent", None):
        tags[PARENT_TAG] = str(parent)
    tags[NAME_TAG] = str(meta.get("display_name") or meta.get("name") or "")
    info = RunInfo(
        folder.name,
        tags[NAME_TAG],
        str(meta.get("project") or ""),
        STATUSES.get(status.get("status", ""), "FAILED"),
        (folder / FILES).absolute().as_uri(),
        int(float(meta.get("created_at") or 0) * 1000),
        int(float(status["ended_at"]) * 1000) if status.get("ended_at") else None,
    )
    metrics: dict[str, float] = {}
    for record in metric_records(folder):
        metrics.update({key: value for key, value in record.items() if key not in layout.RESERVED_METRICS})
    return Run(info, RunData(metrics, {key: str(value) for key, value in config.items()}, tags))


def history(run_id: str, key: str) -> list[Metric]:
    """Return all values of a metric; times are milliseconds."""
    folder = folder_of(run_id)
    return [
        Metric(key, record[key], int(float(record.get("time") or 0) * 1000), record.get("global_step") or 0)
        for record in (metric_records(folder) if folder is not None else ())
        if key in record
    ]


def search(experiments: Iterable[str], filter_string: str, order_by: list[str] | None) -> list[Run]:
    """Return the runs of experiments, or of all, that a filter matches; by default the newest first.

    Raises:
        MlflowException: the filter or an order is invalid.
    """
    projects = {layout.fit_name(str(name), layout.DEFAULT) for name in experiments}
    root, conditions = user.storage_root(None), _conditions(filter_string or "")
    runs = [
        run
        for place in find.all_runs(root)
        if not projects or place.split("/")[0] in projects
        if not (root / place / layout.DELETED).exists()
        for run in [_read(root / place)]
        if all(condition(run) for condition in conditions)
    ]
    runs.sort(key=lambda run: run.info.start_time, reverse=True)
    for order in reversed(order_by or []):
        words = order.split()
        is_descending = words[-1].upper() == "DESC"
        path = " ".join(words[:-1]) if words[-1].upper() in ("ASC", "DESC") else order
        name, sign = path.strip(), -1 if is_descending else 1
        present = [run for run in runs if _value(run, name) is not None]
        present.sort(key=lambda run: _value(run, name), reverse=sign < 0)
        runs = present + [run for run in runs if _value(run, name) is None]
    return runs


def _conditions(text: str) -> list[Callable[[Run], bool]]:
    tests, position = [], 0
    while text[position:].strip():
        match = CONDITION.match(text, position)
        if match is None:
            raise MlflowException(f"Invalid filter: {text!r}")
        tests.append(_condition(match))
        joined = re.compile(r"\s*(and\s|$)", re.IGNORECASE).match(text, match.end())
        if joined is None:
            raise MlflowException(f"Invalid filter: {text!r}")
        position = joined.end()
    return tests


def _condition(match: re.Match[str]) -> Callable[[Run], bool]:
    kind, word = (match["kind"] or "attribute").removesuffix("s"), " ".join(match["operator"].upper().split())
    compare, text = OPERATORS[word], match["value"]
    operand: Any = text.strip("'\"")
    if text.startswith("("):
        operand = [part.strip().strip("'\"") for part in text[1:-1].split(",")]
    elif kind == "metric" or (match["name"].endswith("_time") and kind.startswith("attr")):
        operand = float(operand)
    path = f"{kind}.{match['name']}"

    def test(run: Run) -> bool:
        value = _value(run, path)
        return value is not None and compare(value, operand)

    return test


def _value(run: Run, path: str) -> Any:
    """Return the value of `metrics.loss`, `params.lr`, `tags.owner` or `attributes.status` for a run."""
    kind, _, name = path.partition(".")
    name = name.strip('`"')
    if not name:
        kind, name = "attribute", kind
    kind = kind.removesuffix("s")
    if kind == "metric":
        return run.data.metrics.get(name)
    if kind == "param" or kind == "parameter":
        return run.data.params.get(name)
    if kind == "tag":
        return run.data.tags.get(name)
    if kind in ("attribute", "attr", "run"):
        attribute = {"Created": "start_time", "created": "start_time"}.get(name, name)
        return vars(run.info).get(attribute)  # an unknown attribute has a value, too
    raise MlflowException(f"Invalid entity type {kind!r}")


def _is_like(value: Any, pattern: str, flags: int) -> bool:
    words = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(words, str(value), flags | re.DOTALL) is not None


def as_frame(runs: list[Run]) -> Any:
    """Return a data frame of pandas with the columns of MLflow."""
    import pandas as pd

    rows = [
        {
            "run_id": run.info.run_id,
            "experiment_id": run.info.experiment_id,
            "status": run.info.status,
            "artifact_uri": run.info.artifact_uri,
            "start_time": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
            "end_time": pd.Timestamp(run.info.end_time, unit="ms", tz="UTC") if run.info.end_time else pd.NaT,
            **{f"metrics.{key}": value for key, value in run.data.metrics.items()},
            **{f"params.{key}": value for key, value in run.data.params.items()},
            **{f"tags.{key}": value for key, value in run.data.tags.items()},
        }
        for run in runs
    ]
    return pd.DataFrame(rows)
