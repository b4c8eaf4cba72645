"""MLflow's own client in the child process: runs under the ids that they have here."""

from __future__ import annotations

import os
import time
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

PARENT = "mlflow.parentRunId"
_clients: dict[str, Any] = {}
_runs: dict[str, tuple[Any, str]] = {}
"""Client and id there of each run that is open."""


def init(run_id: str, uri: str, experiment: str, name: str | None, parent: str | None) -> None:
    """Begin a run.

    Args:
        run_id: its id here.
        uri: address that the script has set; "" for MLflow's default.
        experiment: name of the experiment, which is created if it is missing.
        name: name of the run.
        parent: id here of the run around it.
    """
    client = _clients.setdefault(uri, MlflowClient(uri or None))
    existing = client.get_experiment_by_name(experiment)
    experiment_id = existing.experiment_id if existing else client.create_experiment(experiment)
    tags = {PARENT: _runs[parent][1]} if parent in _runs else {}
    run = client.create_run(experiment_id, run_name=name, tags=tags)
    _runs[run_id] = client, run.info.run_id


def log(run_id: str, metrics: dict[str, float], step: int, timestamp: int | None) -> None:
    """Log metrics; the time is in milliseconds."""
    at = timestamp or int(time.time() * 1000)
    entries = [Metric(key, float(value), at, step) for key, value in metrics.items()]
    _call(run_id, "log_batch", metrics=entries)


def params(run_id: str, values: dict[str, Any]) -> None:
    _call(run_id, "log_batch", params=[Param(key, str(value)) for key, value in values.items()])


def tags(run_id: str, values: dict[str, Any]) -> None:
    for key, value in values.items():
        _call(run_id, "set_tag", key, value)


def delete_tag(run_id: str, key: str) -> None:
    _call(run_id, "delete_tag", key)


def end(run_id: str, status: str, files: str) -> None:
    """Log the files of a run, and end it with a state of MLflow."""
    if os.path.isdir(files):
        _call(run_id, "log_artifacts", files)
    _call(run_id, "set_terminated", status)
    _runs.pop(run_id, None)


def _call(run_id: str, method: str, *arguments: Any, **options: Any) -> None:
    """Call a method of the client, unless the run could not be begun, which was reported."""
    if run_id in _runs:
        client, there = _runs[run_id]
        getattr(client, method)(there, *arguments, **options)


def finish() -> None:
    """End the runs of a script that was killed."""
    for client, there in _runs.values():
        client.set_terminated(there, "FAILED")
