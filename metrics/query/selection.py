"""Group runs by a config value, by group or by tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs.models import Run, RunParam

CONFIG, TAG, GROUP = "config.", "tag", "group"


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that share a config value, a group or a tag; None for runs without any."""

    value: str | None
    runs: list[Run]


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
