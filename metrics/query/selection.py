"""Which runs are laid over each other, and which of them belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs.errors import OutsideRoot
from runs.index import discovery
from runs.models import Run, RunParam, StorageRoot

MOST_LOOKED_FOR = 10
"""Unknown runs that are looked for on disk; the background finds the others within a second or two."""
CONFIG, TAG = "config.", "tag"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runs that were asked for, in that order, and the ids of those that are not to be had."""

    runs: list[Run]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that share a config value or a tag; None is for those that have none."""

    value: str | None
    runs: list[Run]


def choose(root: StorageRoot, run_ids: Sequence[str]) -> Chosen:
    """The runs of those ids, in one query, that are in the store and not in the recycle bin."""
    known = {run.run_id: run for run in Run.objects.in_root(root).live().filter(run_id__in=run_ids)}
    for run_id in [run_id for run_id in run_ids if run_id not in known][:MOST_LOOKED_FOR]:
        if (run := discovery.refresh_run(root, run_id)) is not None and run.deleted is None:
            known[run_id] = run
    for run in known.values():
        run.root = root
    there = {run_id for run_id, run in known.items() if _is_inside(run)}
    return Chosen(
        [known[run_id] for run_id in run_ids if run_id in there],
        [run_id for run_id in run_ids if run_id not in there],
    )


def start_of(run: Run) -> float:
    """When a run began, in Unix seconds: what `x=relative` counts from."""
    return float(run.created if run.started is None else run.started)


def group(runs: Sequence[Run], group_by: str) -> list[Group]:
    """The runs by `config.<key>` or by `tag`, where a run is in the group of each of its tags; numbers first."""
    values: dict[int, list[tuple[float, str]]] = {}
    if group_by.startswith(CONFIG):
        params = RunParam.objects.filter(run__in=runs, key=group_by.removeprefix(CONFIG))
        for run, number, text in params.values_list("run_id", "number", "text"):
            values[run] = [(math.inf if number is None else number, text)]
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
