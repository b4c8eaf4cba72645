"""The experiment and the open runs of MLflow in this process."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from runicorn.capture.redaction import MASK
from runicorn.compat.config_view import as_mapping
from runicorn.compat.forwarding.opening import open_mirror
from runicorn.compat.guard import guarded
from runicorn.compat.labels import labels_of, set_labels
from runicorn.compat.mlflow.entities import NAME_TAG, PARENT_TAG, Run, RunData, RunInfo, tags_in
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.saved_files import FILES, store_version
from runicorn.store import layout
from runicorn.store.layout import RESERVED_METRICS
from runicorn.store.parameter_text import parse_parameter
from runicorn.store.values import described
from runicorn.tracking.exit import hooks
from runicorn.tracking.init import init
from runicorn.tracking.run import Run as OurRun

NOTE = "mlflow.note.content"
DEFAULT_EXPERIMENT = "Default"
STATUSES = {"FINISHED": layout.FINISHED, "FAILED": layout.FAILED, "KILLED": layout.INTERRUPTED}
open_runs: list[ActiveRun] = []
"""Runs that were begun and not ended; the last is the active one, those before it are its parents."""
client_runs: list[ActiveRun] = []
"""Runs that a client began and did not end: they are never the active one."""
ended_runs: list[ActiveRun] = []


class ActiveRun(Run):
    """A run that is written here, and ended by `end_run` or by leaving a `with` block."""

    def __init__(self, run: OurRun, experiment: str, name: str | None) -> None:
        self.ours = run
        uri = (run.run_dir / FILES).as_uri() if run.run_dir.is_absolute() else str(run.run_dir / FILES)
        name = name or labels_of(run).get("display_name") or run.name
        info = RunInfo(run.id, name, experiment, artifact_uri=uri, start_time=int(time.time() * 1000))
        super().__init__(info, RunData())
        self._counts: Counter[str] = Counter()
        self._also = open_mirror("mlflow") or _nowhere
        _watch_exit()

    def __reduce__(self) -> Any:
        return Run, (self.info, self.data)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self.info.status == "RUNNING":
            self._leave("FINISHED" if error is None else "FAILED")
            self.ours.__exit__(kind, error, trace)

    def log(self, metrics: Mapping[str, Any], step: int | None, timestamp: int | None) -> None:
        """Write metrics; without a step the values of each are counted from 0.

        Args:
            metrics: numbers by name.
            timestamp: Unix milliseconds; by default now.
        """
        parts: dict[int, dict[str, Any]] = {}
        for key, value in metrics.items():
            at = self._counts[key] if step is None else int(step)
            self._counts[key] += step is None
            parts.setdefault(at, {})[f"mlflow/{key}" if key in RESERVED_METRICS else str(key)] = value
            self.data.metrics[key] = value
        for at, part in parts.items():
            self._also("log", self.info.run_id, part, at, timestamp)
        with guarded("a metric"):
            for at, part in parts.items():
                self.ours.log_record(part, at, timestamp / 1000 if timestamp else None)

    def add_params(self, params: Mapping[str, Any]) -> None:
        """Add parameters to the config; texts that are unambiguous numbers or booleans become these.

        Raises:
            MlflowException: one of them has another value already; none is added.
        """
        texts = {str(key): str(value) for key, value in params.items()}
        for key, value in params.items():
            text = texts[str(key)]
            before = self.data.params.get(str(key), text)
            # The values of a continued run were read from its config: as JSON, and secrets masked.
            if before not in (text, str(described(value)), MASK):
                raise MlflowException(
                    f"Changing param values is not allowed. Param with key={key!r} was already logged with "
                    f"value={before!r} for run ID={self.info.run_id!r}. Attempted logging new value {text!r}."
                )
        with guarded("a parameter"):
            self.data.params.update(texts)
            values = {
                key: parse_parameter(value) if isinstance(value, str) else value
                for key, value in params.items()
            }
            self.ours.config.update(as_mapping(values))
        self._also("params", self.info.run_id, dict(params))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, `key=value` here; MLflow's own are kept in memory, but for the note."""
        self.data.tags.update({key: str(value) for key, value in tags.items()})
        self.info.run_name = self.data.tags.get(NAME_TAG, self.info.run_name)
        self._write_labels()
        self._also("tags", self.info.run_id, dict(tags))

    def delete_tag(self, key: str) -> None:
        self.data.tags.pop(key, None)
        self._write_labels()
        self._also("delete_tag", self.info.run_id, key)

    def _write_labels(self) -> None:
        tags = self.data.tags
        labels: dict[str, Any] = {
            "tags": [f"{key}={value}" for key, value in sorted(tags.items()) if not key.startswith("mlflow.")]
        }
        if NOTE in tags:
            labels["notes"] = tags[NOTE]
        if self.info.run_name != labels_of(self.ours).get("display_name", self.ours.name):
            labels["display_name"] = self.info.run_name
        with guarded("a tag"):
            set_labels(self.ours, **labels)

    def end(self, status: str) -> None:
        """End the run with a state of MLflow."""
        if self.info.status == "RUNNING":
            self._leave(status)
            self.ours.finish(STATUSES.get(status, layout.FINISHED))

    def _leave(self, status: str) -> None:
        self.info.status, self.info.end_time = status, int(time.time() * 1000)
        with guarded("the artifacts of a run"):
            store_version(self.ours)
        self.pass_end(status)
        for runs in (open_runs, client_runs):
            if self in runs:
                runs.remove(self)
        ended_runs.append(self)

    def pass_begin(self, parent: str | None) -> None:
        """Begin the run in the real MLflow, if `RUNICORN_ALSO` names it."""
        uri = sys.modules["runicorn.compat.mlflow"].get_tracking_uri()
        about = self.info.experiment_id, self.info.run_name, parent
        self._also("init", self.info.run_id, uri, *about)

    def pass_end(self, status: str) -> None:
        self._also("end", self.info.run_id, status, str(self.ours.run_dir / FILES))


@cache
def _watch_exit() -> None:
    # After our own function was registered by the first run, so that it is called before.
    atexit.register(_complete_all)


def _complete_all() -> None:
    """Store the files of the runs that end with the process."""
    failed = hooks.verdict_at_exit()[0] != layout.FINISHED
    for run in [*open_runs, *client_runs]:
        with guarded("the artifacts of a run"):
            store_version(run.ours)
        run.pass_end("FAILED" if failed else "FINISHED")


def _nowhere(function: str, *arguments: Any) -> None:
    """Pass nothing on."""


def begin(
    experiment: str,
    name: str | None,
    *,
    run_id: str | None = None,
    nested: bool = False,
    parent: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> ActiveRun:
    """Begin a run, or continue the one of an id.

    Raises:
        MlflowException: a run is active and `nested` is not set.
    """
    run_id = run_id or os.environ.pop("MLFLOW_RUN_ID", None)
    if open_runs and not nested:
        active = open_runs[-1].info.run_id
        if run_id == active:
            return open_runs[-1]
        raise MlflowException(
            f"Run with UUID {active} is already active. To start a new run, first end the current run with "
            "mlflow.end_run(). To start a nested run, call start_run with nested=True"
        )
    created = next((run for run in client_runs if run.info.run_id == run_id), None)
    if created is not None:
        client_runs.remove(created)
        open_runs.append(created)
        return created
    above = open_runs[-1].ours if open_runs else None
    group = parent or (above.id if above else None)
    run = create(
        experiment,
        name or os.environ.get("MLFLOW_RUN_NAME"),
        run_id=run_id,
        group=group,
        tags=tags,
        description=description,
    )
    if above is not None and group == above.id:
        with guarded("the group of a run"):
            set_labels(above, group=above.id)
    open_runs.append(run)
    return run


def create(
    experiment: str,
    name: str | None,
    *,
    run_id: str | None = None,
    group: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> ActiveRun:
    """Create a run, or continue the one of an id; it does not become the active one.

    Args:
        group: id of the parent.
    """
    place: dict[str, Any] = {
        "project": layout.fit_name(experiment, layout.DEFAULT),
        "name": layout.fit_name(name or "", layout.DEFAULT),
    }
    if run_id is not None and layout.is_run_id(run_id):
        place = (
            {"run_id": run_id, "resume": True}
            if name is None
            else {**place, "run_id": run_id, "resume": True}
        )
    ours = init(**place, group=group, config={"mlflow.parent": group} if group else None)
    run = ActiveRun(ours, experiment, name)
    # Those of a continued run.
    run.data.params = {key: str(value) for key, value in ours.config.items() if not key.startswith("mlflow.")}
    run.data.tags = tags_in(labels_of(ours))
    if group:
        run.data.tags[PARENT_TAG] = group
    run.pass_begin(group)
    all_tags = {**(tags or {}), **({NOTE: description} if description else {})}
    if name and run_id is None and name != ours.name:
        all_tags[NAME_TAG] = name
    if all_tags:
        run.set_tags(all_tags)
    return run
