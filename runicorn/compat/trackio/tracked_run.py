"""`trackio.Run`: a run of Trackio whose data are written to a run of ours."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from runicorn.compat.alerts import raise_alert
from runicorn.compat.config_view import ConfigView, as_mapping
from runicorn.compat.forwarding.opening import close_mirrors, open_mirror
from runicorn.compat.guard import guarded
from runicorn.compat.trackio.artifact import Artifact
from runicorn.compat.unknown import UnknownMethods, quiet
from runicorn.compat.wandb.flat_records import is_plain, separate
from runicorn.compat.wandb.run_artifacts import RunArtifacts
from runicorn.compat.wandb.run_files import RunFiles
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.tracking.exit import hooks
from runicorn.tracking.init import init
from runicorn.tracking.run import Run as OurRun

open_runs: list[Run] = []
"""Runs that were begun and not finished; the last is the active one."""


class Run(RunArtifacts, RunFiles, UnknownMethods):
    """A run of Trackio.

    Attributes:
        project, name, group, config: as in Trackio.
        id: our id of the run.
    """

    _foreign_name = "trackio.Run"
    _artifact_type = Artifact
    log_cpu = quiet("log_cpu")
    log_gpu = quiet("log_gpu")

    def __init__(
        self,
        run: OurRun,
        config: ConfigView,
        *,
        project: str,
        group: str | None,
        also: Callable[..., None] | None = None,
    ) -> None:
        self._run = run
        self._also = also
        self.id, self.project, self.name, self.group = run.id, project, run.name, group
        self.config = config
        self._next_step = run._next_step()
        open_runs.append(self)
        _watch_exit()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._leave()
        self._run.__exit__(kind, error, trace)

    def log(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write a record, by default one step after the highest so far."""
        at = self._next_step if step is None else int(step)
        if self._also is not None:
            self._also("log", metrics, step=step)
        self._next_step = max(self._next_step, at + 1)
        if is_plain(metrics):
            self._run.log(metrics, step=at)
            return
        numbers, files = separate(metrics, "trackio")
        for key, medium in files:
            with guarded(f"{key!r} ({type(medium).__name__})"):
                medium.store(self._run, key, at)
        if numbers:
            self._run.log(numbers, step=at)

    def log_system(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics of the machine, as `system/…`, at the current step."""
        numbers, _ = separate({f"system/{name}": value for name, value in metrics.items()}, "trackio")
        self._run.log(numbers, step=max(0, self._next_step - 1))

    def alert(self, title: str, text: str | None = None, level: Any = "warn", **options: Any) -> None:
        if self._also is not None:
            self._also("alert", title, text, level=str(getattr(level, "value", level)).lower())
        raise_alert(self._run, title, text, level)

    def finish(self) -> None:
        self._leave()
        self._run.finish()

    def _leave(self) -> None:
        if self in open_runs:
            open_runs.remove(self)
        if self._also is not None:
            self._also("finish")
            self._also = None


@cache
def _watch_exit() -> None:
    # After our own function was registered by the first run, so that it is called before.
    atexit.register(_leave_all)


def _leave_all() -> None:
    for run in list(open_runs):
        run._leave()
    close_mirrors()


def start(
    project: str,
    name: str | None,
    group: str | None,
    config: Any,
    resume: str,
    **other: Any,
) -> Run:
    """Begin a run, or continue the newest of that name; `other` arguments are for Trackio itself.

    Raises:
        ValueError: `resume` is "must" and there is no run of that name.
    """
    values = as_mapping(config) if config is not None else {}
    place: dict[str, Any] = {
        "project": layout.fit_name(str(project), layout.DEFAULT),
        "name": layout.fit_name(str(name or layout.DEFAULT), layout.DEFAULT),
    }
    folder = _newest(**place) if name and resume in ("must", "allow") else None
    if folder is not None:
        place |= {"run_id": folder.name, "resume": True}
    elif resume == "must":
        raise ValueError(f"Run '{name}' does not exist in project '{project}'")
    run = init(**place, config=values or None, group=group)
    also = open_mirror("trackio")
    if also is not None:
        params = {**other, "name": name, "group": group, "config": values or None, "resume": resume}
        also("init", project, **{key: value for key, value in params.items() if value is not None})
    view = ConfigView(run, {**(dict(run.config) if folder else {}), **values}, also)
    return Run(run, view, project=project, group=group, also=also)


def _newest(project: str, name: str) -> Path | None:
    folders = (user.storage_root(None) / project / name / layout.RUNS).glob("*")
    # A script may log to several trackers: their open runs are other ones.
    others = {run.id for run in hooks.open_runs() if isinstance(run, OurRun)} - {run.id for run in open_runs}
    matches = [
        path
        for path in folders
        if path.name not in others and find.is_run(path) and not (path / layout.DELETED).exists()
    ]
    return max(matches, key=lambda path: path.name, default=None)


def active_run() -> Run | None:
    """Return the run that module-level functions use."""
    return open_runs[-1] if open_runs else None


def require_run() -> Run:
    """Return the active run.

    Raises:
        RuntimeError: no run was begun.
    """
    if not open_runs:
        raise RuntimeError("Call trackio.init() before trackio.log().")
    return open_runs[-1]
