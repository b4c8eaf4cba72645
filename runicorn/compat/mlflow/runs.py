"""MLflow's fluent calls: experiments, runs, metrics, parameters and tags."""

from __future__ import annotations

import os
import re
from typing import Any

from runicorn.compat.mlflow.active import DEFAULT_EXPERIMENT, ActiveRun, begin, ended_runs, open_runs
from runicorn.compat.mlflow.entities import Experiment
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.settings import user
from runicorn.store import find, layout

_experiment = Experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT)


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None, **options: Any
) -> Experiment:
    """Set the project of the next runs."""
    global _experiment
    _experiment = Experiment(str(experiment_name or experiment_id or DEFAULT_EXPERIMENT))
    return _experiment


def create_experiment(
    name: str, artifact_location: str | None = None, tags: dict[str, Any] | None = None, **options: Any
) -> str:
    """Return the id of an experiment, which is its name; a project exists with its first run."""
    return name


def search_experiments(
    view_type: Any = None, max_results: int | None = None, filter_string: str | None = None, **options: Any
) -> list[Experiment]:
    """Return the projects of the storage root; the only filter is `name = '…'`."""
    places = find.all_runs(user.storage_root(None))
    names = sorted({place.partition("/")[0] for place in places} - {layout.RUNS})
    wanted = re.fullmatch(r"\s*name\s*=\s*['\"](.*)['\"]\s*", filter_string or "")
    return [Experiment(name) for name in names if wanted is None or name == layout.fit_name(wanted[1])][
        :max_results
    ]


def get_experiment(experiment_id: str) -> Experiment:
    return Experiment(str(experiment_id))


def get_experiment_by_name(name: str) -> Experiment | None:
    return Experiment(name)


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Begin a run in the current experiment, or continue the run of an id.

    A nested run has the group of its parent, which is the id of the parent.

    Raises:
        MlflowException: a run is active and `nested` is not set.
    """
    return begin(
        str(experiment_id or _experiment.name),
        run_name,
        run_id=run_id,
        nested=nested,
        parent=parent_run_id,
        tags=tags,
        description=description,
    )


def end_run(status: str = "FINISHED") -> None:
    """End the active run, if there is one; its parent becomes active."""
    if open_runs:
        open_runs[-1].end(str(status))


def active_run() -> ActiveRun | None:
    """Return the active run; None without one."""
    return open_runs[-1] if open_runs else None


def last_active_run() -> ActiveRun | None:
    """Return the active run, else the last one that ended."""
    return active_run() or (ended_runs[-1] if ended_runs else None)


def get_run(run_id: str) -> ActiveRun:
    """Return a run of this process.

    Raises:
        MlflowException: this process has no run with that id.
    """
    for run in (*open_runs, *ended_runs):
        if run.info.run_id == run_id:
            return run
    raise MlflowException(f"Run '{run_id}' not found")


def get_parent_run(run_id: str) -> ActiveRun | None:
    """Return the parent of a nested run of this process; None without one."""
    parent = get_run(run_id).ours.config.get("mlflow.parent")
    return get_run(str(parent)) if parent else None


def require_run(run_id: str | None = None) -> ActiveRun:
    """Return the run of an id, else the active one, else a new one: fluent calls begin a run."""
    if run_id is not None:
        return get_run(run_id)
    return open_runs[-1] if open_runs else start_run()


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    **options: Any,
) -> None:
    """Write a metric; without a step its values are counted from 0."""
    require_run(run_id).log({key: value}, step, timestamp)


def log_metrics(
    metrics: dict[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    **options: Any,
) -> None:
    """Write metrics; without a step the values of each are counted from 0."""
    require_run(run_id).log(metrics, step, timestamp)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Add a parameter to the config."""
    require_run().add_params({key: value})
    return value


def log_params(params: dict[str, Any], synchronous: bool | None = None, run_id: str | None = None) -> None:
    """Add parameters to the config."""
    require_run(run_id).add_params(params)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> None:
    """Set a tag, `key=value` here."""
    require_run().set_tags({key: value})


def set_tags(tags: dict[str, Any], synchronous: bool | None = None) -> None:
    """Set tags, `key=value` here."""
    require_run().set_tags(tags)


def delete_tag(key: str) -> None:
    require_run().delete_tag(key)
