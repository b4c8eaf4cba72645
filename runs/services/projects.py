"""Move runs to another project, by `project` in `curation.json`.

The folder of a run stays: mirrors, uploads and archives find it by its path.
"""

from __future__ import annotations

from collections.abc import Sequence

from runicorn.api.responses.runs import RunResult
from runicorn.store import layout
from runs.models import Run, StorageRoot
from runs.services import write_through
from runs.services.curation import refuse_deleted, write


def move_runs(
    *, root: StorageRoot, run_ids: Sequence[str], project: str
) -> tuple[dict[str, RunResult], dict[str, str]]:
    """Move runs to a project; return the result of each run, and the previous projects of those that were moved.

    Args:
        root: the storage root.
        run_ids: the runs.
        project: a valid name, or blank for the project of each run's folder.

    Raises:
        ReadOnlyStore: nothing can be written.
    """
    previous: dict[str, str] = {}

    def move(run: Run) -> None:
        refuse_deleted(run)
        refuse_in_use(run)
        write(run, {"project": project})
        previous[run.run_id] = run.project

    results = write_through.for_each(root, run_ids, move)
    return results, previous


def refuse_in_use(run: Run) -> None:
    """Raise `Refused` for a run that is running or being uploaded: its script still writes to the old project."""
    if run.status == layout.RUNNING:
        raise write_through.Refused("the run is still running; move it when it has ended")
    if run.journal_end is not None and run.journal_bytes < run.journal_end:
        raise write_through.Refused("the run is still being uploaded; move it when the upload is complete")
