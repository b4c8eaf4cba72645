"""Select runs by id, and group them by a config value, by group or by tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs.errors import OutsideRoot
from runs.index import refresh
from runs.models import Run, RunParam, StorageRoot

MOST_LOOKED_FOR = 10
"""Unknown runs searched for on disk per request; the background scan finds the others within a second or two."""
CONFIG, TAG, GROUP = "config.", "tag", "group"


@dataclass(frozen=True, slots=True)
class Selection:
    """The runs of a list of ids, in that order, and the ids of unknown or deleted runs."""

    runs: list[Run]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that share a config value, a group or a tag; None for runs without any."""

    value: str | None
    runs: list[Run]


def select_runs(root: StorageRoot, run_ids: Sequence[str]) -> Selection:
    """Return the runs of these ids that are in the store and not in the recycle bin."""
    known = {run.run_id: run for run in Run.objects.in_root(root).live().filter(run_id__in=run_ids)}
    for run_id in [run_id for run_id in run_ids if run_id not in known][:MOST_LOOKED_FOR]:
        if (run := refresh.refresh_run(root, run_id)) is not None and run.deleted is None:
            known[run_id] = run
    for run in known.values():
        run.root = root
    there = {run_id for run_id, run in known.items() if _is_inside(run)}
    return Selection(
        [known[run_id] for run_id in run_ids if run_id in there],
        [run_id for run_id in run_ids if run_id not in there],
    )


def start_of(run: Run) -> float:
    """Return the start of a run, from which `x=relative` counts, in Unix seconds."""
    return float(run.created if run.started is None else run.started)


def group_runs(runs: Sequence[Run], group_by: str) -> list[Group]:
    """Group runs by `config.<key>`, `group` or `tag`; a run is in the group of each of its tags. Numbers come first."""
    values: dict[int, list[tuple[float, str]]] = {}
    if group_by.startswith(CONFIG):
        params = RunParam.objects.filter(run__in=runs, key=group_by.removeprefix(CONFIG))
        for run_id, number, text in params.values_list("run_id", "number", "text"):
            values[run_id] = [(math.inf if number is None else number, text)]
    elif group_by == GROUP:
        values = {run.pk: [(math.inf, run.group)] for run in runs if run.group}
    else:
        values = {run.pk: [(math.inf, tag) for tag in run.tags] for run in runs}
    members: dict[tuple[float, str], list[Run]] = {}
    for run in runs:
        for value in values.get(run.pk, ()):
            members.setdefault(value, []).append(run)
    rest = [run for run in runs if not values.get(run.pk)]
    return [Group(value[1], members[value]) for value in sorted(members)] + (
        [Group(None, rest)] if rest else []
    )


def _is_inside(run: Run) -> bool:
    try:
        return bool(run.path)
    except OutsideRoot:
        return False
