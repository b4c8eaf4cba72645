"""MLflow's fluent calls: experiments, runs, metrics, parameters and tags."""

from __future__ import annotations

import os
import re
from typing import Any

from runicorn.compat.guard import guarded
from runicorn.compat.mlflow.active import (
    DEFAULT_EXPERIMENT,
    ActiveRun,
    begin,
    client_runs,
    create,
    ended_runs,
    open_runs,
)
from runicorn.compat.mlflow.entities import PARENT_TAG, Experiment, Run
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.mlflow.search import as_frame, search, stored_run
from runicorn.settings import user
from runicorn.store import find, layout

_experiment = Experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT)
_known = {DEFAULT_EXPERIMENT, _experiment.name}
"""Names of experiments that this process has set or created."""


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None, **options: Any
) -> Experiment:
    """Set the project of the next runs."""
    global _experiment
    _experiment = Experiment(str(experiment_name or experiment_id or DEFAULT_EXPERIMENT))
    _known.add(_experiment.name)
    return _experiment


def create_experiment(
    name: str, artifact_location: str | None = None, tags: dict[str, Any] | None = None, **options: Any
) -> str:
    """Return the id of an experiment, which is its name."""
    _known.add(name)
    with guarded("an experiment"):  # other processes know it by its folder
        (user.storage_root(None) / layout.fit_name(name, layout.DEFAULT)).mkdir(parents=True, exist_ok=True)
    return name


def search_experiments(
    view_type: Any = None, max_results: int | None = None, filter_string: str | None = None, **options: Any
) -> list[Experiment]:
    """Return the projects of the storage root; the only filter is `name = '…'`."""
    places = find.all_runs(user.storage_root(None))
    names = sorted({place.partition("/")[0] for place in places} - {layout.RUNS})
    match = re.fullmatch(r"\s*name\s*=\s*['\"](.*)['\"]\s*", filter_string or "")
    return [Experiment(name) for name in names if match is None or name == layout.fit_name(match[1])][
        :max_results
    ]


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment; a number, as an MLflow server assigns them, is an experiment of this name.

    Raises:
        MlflowException: no experiment has that id.
    """
    name = str(experiment_id)
    folder = user.storage_root(None) / layout.fit_name(name, layout.DEFAULT)
    if not (name.isdigit() or name in _known or folder.is_dir()):
        raise MlflowException(f"No Experiment with id={name} exists")
    return Experiment(name)


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return an experiment; one that no run has yet may exist on the server that the script was written for."""
    _known.add(name)
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


def get_run(run_id: str) -> Run:
    """Return a run of this process, or a stored one.

    Raises:
        MlflowException: there is no run with that id.
    """
    run = _of_process(run_id) or stored_run(run_id)
    if run is None:
        raise MlflowException(f"Run '{run_id}' not found")
    return run


def _of_process(run_id: str) -> ActiveRun | None:
    runs = (*open_runs, *client_runs, *reversed(ended_runs))
    return next((run for run in runs if run.info.run_id == run_id), None)


def get_parent_run(run_id: str) -> Run | None:
    """Return the parent of a nested run; None without one."""
    parent = get_run(run_id).data.tags.get(PARENT_TAG)
    return get_run(parent) if parent else None


def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: Any = None,
    max_results: int = 100_000,
    order_by: list[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> Any:
    """Return stored runs as a data frame of pandas, or as a list with `output_format="list"`."""
    names = [*(experiment_ids or ()), *(experiment_names or ())]
    if not names and not search_all_experiments:
        names = [_experiment.name]
    runs = search(names, filter_string, order_by)[:max_results]
    return runs if output_format == "list" else as_frame(runs)


def require_run(run_id: str | None = None) -> ActiveRun:
    """Return the run of an id, else the active one, else a new one: fluent calls begin a run.

    A run that has ended is continued: MLflow accepts more values.

    Raises:
        MlflowException: there is no run with that id.
    """
    if run_id is None:
        return open_runs[-1] if open_runs else start_run()
    run = _of_process(run_id)
    if run is not None and run.info.status == "RUNNING":
        return run
    info = get_run(run_id).info
    continued = create(info.experiment_id, None, run_id=run_id)
    if run is not None:
        continued.data = run.data
    client_runs.append(continued)
    return continued


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
