"""Look up runs of the active storage root by their ids, up to date with their files."""

from __future__ import annotations

from runicorn.store import layout, process_identity
from runicorn_site.web import conditional
from runs.active_root import active_root
from runs.errors import ExperimentNotFound, InvalidRunId, OutsideRoot, RunNotFound
from runs.index import refresh
from runs.models import Run
from runs.services import dead_runs
from runs.store.folder_stat import read_state


def get_run(run_id: str, *, deleted: bool = False, field: str = "run_id") -> Run:
    """Return a run after refreshing its row from its files and applying the dead-process rule.

    Args:
        run_id: an id in any form, generated or not.
        deleted: also return a run in the recycle bin.
        field: name of the parameter with the id, for the error.

    Raises:
        InvalidRunId: no run has the id, and its form is not that of a run id.
        RunNotFound: no run has the id, or the run is in the recycle bin.
    """
    run = None if "\0" in run_id else refresh.refresh_run(active_root(), run_id)
    if run is None and not layout.is_run_id(run_id):
        raise InvalidRunId(run_id, field)
    if run is None or (run.deleted is not None and not deleted):
        raise RunNotFound(run_id)
    _note(run)
    if run.status == layout.RUNNING and process_identity.has_ended(run):
        return dead_runs.apply_rule(run)
    run.path  # noqa: B018 - raises OutsideRoot
    return run


def _note(run: Run) -> None:
    """Let answers be given again while the small files of a run are as its row shows them, and no process can end."""
    if run.status == layout.RUNNING:
        conditional.is_not_remembered()
    elif conditional.is_noted():
        path, signature = f"{run.root.path}/{run.folder}", run.signature
        conditional.depends_on(lambda: _signature(path) == signature)


def _signature(path: str) -> str:
    try:
        return read_state(path).signature
    except OSError:
        return ""


def get_experiment(run_id: str, *, deleted: bool = False, field: str = "run_id") -> Run:
    """Return a run as `get_run` does, with the errors of API V2.

    Raises:
        InvalidRunId: no run has the id, and its form is not that of a run id.
        ExperimentNotFound: no run has the id, it is in the recycle bin, or its folder is a link out of the root.
    """
    try:
        return get_run(run_id, deleted=deleted, field=field)
    except (RunNotFound, OutsideRoot) as error:
        raise ExperimentNotFound(run_id) from error
