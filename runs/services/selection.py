"""Select runs by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs.errors import OutsideRoot
from runs.index import refresh
from runs.models import Run, StorageRoot

MOST_LOOKED_FOR = 10
"""Unknown runs searched for on disk per request; the background scan finds the others within a second or two."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The runs of a list of ids, in that order, and the ids of unknown or deleted runs."""

    runs: list[Run]
    missing: list[str]


def select_runs(root: StorageRoot, run_ids: Sequence[str]) -> Selection:
    """Return the runs of these ids that are in the store and not in the recycle bin."""
    runs_by_id = {run.run_id: run for run in Run.objects.in_root(root).live().filter(run_id__in=run_ids)}
    unknown = [run_id for run_id in run_ids if run_id not in runs_by_id][:MOST_LOOKED_FOR]
    for run_id, run in refresh.refresh_runs(root, unknown).items():
        if run is not None and run.deleted is None:
            runs_by_id[run_id] = run
    for run in runs_by_id.values():
        run.root = root
    there = {run_id for run_id, run in runs_by_id.items() if _is_inside(run)}
    return Selection(
        [runs_by_id[run_id] for run_id in run_ids if run_id in there],
        [run_id for run_id in run_ids if run_id not in there],
    )


def _is_inside(run: Run) -> bool:
    try:
        return bool(run.path)
    except OutsideRoot:
        return False
