"""Pickled runs of W&B: another process, such as a spawned worker, logs into the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from runicorn.compat.config_view import ConfigView
from runicorn.compat.unknown import warn_once
from runicorn.compat.wandb.active import open_runs
from runicorn.compat.wandb.tracked_run import Run
from runicorn.store import find, layout
from runicorn.store.values import described
from runicorn.tracking.disabled import SilentRun
from runicorn.tracking.run import Run as OurRun

FIELDS = ("entity", "id", "name", "notes", "tags", "group", "job_type", "mode", "allow_val_change")
_known: WeakValueDictionary[str, Run] = WeakValueDictionary()
"""Runs of this process that were pickled or attached, by our id."""


def reduced(run: Run) -> tuple[Any, ...]:
    """Return a run for `pickle`: `attach`, and what it needs as plain values."""
    ours = run._run
    _known[ours.id] = run
    state = {
        "root": str(ours.storage_root),
        "place": (ours.project, ours.name, ours.id),
        "process": ours.process,
        "disabled": run.disabled,
        "fields": {name: described(run._given.get(name)) for name in FIELDS},
        "config": {str(key): described(value) for key, value in run.config.items()},
    }
    return attach, (state,)


def attach(state: dict[str, Any]) -> Run:
    """Return the run of a state: the same object in its process, elsewhere one that logs into the same run.

    A run that has ended, or is not on this machine, is reported, and what is logged is not stored.
    """
    project, name, run_id = state["place"]
    if run_id in _known:
        return _known[run_id]
    root, fields = Path(state["root"]), state["fields"]
    ours: OurRun = OurRun(root, project, name, run_id)
    if state["disabled"] or not _is_running(ours):
        if not state["disabled"]:
            text = f"run {run_id} has ended or is not on this machine; this process logs nothing to it."
            warn_once(f"attach {run_id}", text)
        ours = SilentRun(root, project, name, run_id)
    else:
        ours.attach(state["process"])
    tags = fields["tags"]
    view = ConfigView(None if ours.is_silent else ours, state["config"])
    run = _known[run_id] = Run(
        ours, view, {**fields, "tags": tuple(tags) if isinstance(tags, list) else tags}
    )
    _give_way(run, state["disabled"])
    return run


def _give_way(run: Run, is_disabled: bool) -> None:
    """Make an attached run the active one only in a process without one, such as a worker, and only if it goes on.

    A checkpoint that holds an earlier run takes nothing from the run of its process, or from one that begins later.
    """
    from multiprocessing import parent_process  # here, since it takes a while to import

    open_runs.remove(run)
    goes_on = parent_process() is not None if is_disabled else not run._run.is_silent
    if goes_on and not open_runs:
        open_runs.append(run)


def _is_running(run: OurRun) -> bool:
    status, _ = layout.read_json(run.run_dir / layout.STATUS)
    return find.is_run(run.run_dir) and status.get("status") == layout.RUNNING
