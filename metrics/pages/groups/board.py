"""Rows of the page of groups: statistics, rank, verdict against the baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median_high, median_low
from typing import Any
from urllib.parse import urlencode

from metrics.pages.groups import pivot
from metrics.pages.groups.pivot import Cell, Pivot
from runicorn.store.project import analysis
from runicorn_tools.analysis import student
from runicorn_tools.analysis.goals import UNKNOWN, Goal
from runicorn_tools.analysis.noise import NoiseFloor
from runicorn_tools.analysis.ranking import ranks
from runicorn_tools.analysis.result import Verdict
from runicorn_tools.analysis.scale import mean, unit_of
from runicorn_tools.analysis.sentences import sentence
from runs.models import Run
from runs.pages.table.state import group_text
from runs.query.analysis import group_names, grouping
from runs.query.analysis.metric_values import Definitions, values_of
from runs.query.analysis.replicas import ProjectNoise
from runs.query.analysis.verdicts import judge_values
from runs.query.matches import Matches
from runs.store.lazy_numpy import np

MOST = 500
"""Groups of a page."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of runs.

    Attributes:
        label: values of its keys.
        rank: with ties; None without one.
        n, failed: members, and how many of them failed.
        values: of the metric of its members, finite ones.
        verdict: against the baseline; None without one.
        address: query of the runs page that shows its members.
        text: stands for the group in a form.
        is_baseline: whether the baseline is this group, or its newest `analysis.MOST_RUNS`.
    """

    label: str
    rank: int | None
    n: int
    failed: int
    values: Sequence[float]
    verdict: Verdict | None
    address: str
    text: str
    is_baseline: bool
    cell: Cell

    @property
    def median(self) -> float | None:
        return median_low(self.values) / 2 + median_high(self.values) / 2 if len(self.values) else None

    @property
    def std(self) -> float | None:
        return _deviation(self.values) if len(self.values) > 1 else None

    @property
    def std_text(self) -> str:
        """The standard deviation with the two digits that are justified."""
        return "–" if self.std is None else f"{self.std:.2g}"

    @property
    def extremes(self) -> tuple[float, float] | None:
        return (min(self.values), max(self.values)) if len(self.values) else None

    @property
    def is_too_large(self) -> bool:
        """Whether only the newest members can be a baseline."""
        return self.n > analysis.MOST_RUNS


@dataclass(slots=True)
class Board:
    """Groups, best first, and the pivot table of two keys."""

    rows: list[GroupRow] = field(default_factory=list)
    total: int = 0
    goal: Goal = UNKNOWN
    noise: NoiseFloor | None = None
    pivot: Pivot | None = None


def board(matches: Matches, project: str, by: Sequence[str], metric: str, base: Sequence[Run]) -> Board:
    """Return the groups of runs of a project by a metric."""
    membership = grouping.group(matches, by)
    definitions = Definitions.of(matches.runs)
    quantity = definitions.quantity(metric)
    goal = definitions.goal(quantity.name)
    values = values_of(matches.root, quantity, membership.keys)
    statistics = grouping.statistics(membership, values)
    down = "" if goal.direction == "min" else "-"
    order = grouping.ordered(membership, f"{down}metric.{metric}.mean", {metric: statistics})[:MOST]
    members = [membership.places(at).tolist() for at in order]
    of_groups = [
        [value for place in places if math.isfinite(value := float(values[place]))] for places in members
    ]
    noise = ProjectNoise.of(matches.root, project, quantity).floor()
    places = ranks(of_groups, goal, noise, LEVEL)
    verdicts: Sequence[Verdict | None] = [None] * len(order)
    if base:
        named = [[(int(membership.keys[at]), float(values[at])) for at in group] for group in members]
        results = judge_values(matches.root, metric, quantity, definitions, named, base, LEVEL)
        verdicts = [_short(verdict) for verdict in results]
    labels = _labels(matches, membership, by, order)
    base_keys = {run.pk for run in base}
    known_ids = grouping.run_ids(
        matches.root,
        {int(membership.keys[at]) for group in members for at in group[::-1][: group_names.MOST_RUNS]},
    )
    failed = grouping.failures(membership)
    rows = []
    for at, group, numbers, rank, verdict, label in zip(
        order, members, of_groups, places, verdicts, labels, strict=True
    ):
        newest = [int(membership.keys[place]) for place in group[::-1][: group_names.MOST_RUNS]]
        # The groups may be older than the removal of a run by another process.
        ids = [known_ids[key] for key in newest if key in known_ids]
        is_baseline = bool(group) and set(_newest(membership, at)) == base_keys
        key = dict(zip(by, membership.values[at], strict=True))
        rows.append(
            GroupRow(
                label=label,
                rank=rank,
                n=len(group),
                failed=int(failed[at]),
                values=numbers,
                verdict=None if is_baseline else verdict,
                address=_address(project, key, ids),
                text=group_text(membership.values[at]),
                is_baseline=is_baseline,
                cell=_cell(numbers, noise, len(group), rank == 1),
            )
        )
    result = Board(rows, len(membership), goal, noise)
    if len(by) == 2:
        result.pivot = _pivot(by, metric, [membership.values[at] for at in order], rows)
    return result


def newest_members(matches: Matches, by: Sequence[str], values: tuple[Any, ...]) -> list[str]:
    """Return the ids of the members of a group that can be a baseline, newest first; none if there is no such group."""
    membership = grouping.group(matches, by)
    at = membership.index().get(values)
    if at is None:
        return []
    keys = _newest(membership, at)
    ids = grouping.run_ids(matches.root, keys)
    return [ids[key] for key in keys if key in ids]


def _newest(membership: grouping.Membership, at: int) -> list[int]:
    keys: list[int] = membership.keys[membership.places(at)[::-1][: analysis.MOST_RUNS]].tolist()
    return keys


def _short(verdict: Verdict) -> Verdict:
    """Return a verdict whose sentence does not say that the direction is assumed: the page says so once."""
    short = replace(verdict, goal_assumed=False)
    return replace(short, sentence=sentence(short))


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation; its squares do not exceed the largest float."""
    unit = unit_of(values)
    return float(np.std(np.divide(values, unit), ddof=1)) * unit


def _cell(values: Sequence[float], noise: NoiseFloor | None, n: int, is_best: bool) -> Cell:
    if not values:
        return Cell(n=n)
    half = None
    if len(values) > 1:
        error = _deviation(values) / math.sqrt(len(values))
        half = student.quantile((1 + LEVEL) / 2, len(values) - 1) * error
    elif noise is not None:
        half = student.quantile((1 + LEVEL) / 2, noise.degrees_of_freedom) * noise.std
    return Cell(mean(values), half, n, is_best)


def _pivot(by: Sequence[str], metric: str, values: Sequence[Any], rows: Sequence[GroupRow]) -> Pivot:
    order = sorted(range(len(rows)), key=lambda at: [grouping.natural(value) for value in values[at]])
    keys = (by[0].removeprefix(grouping.CONFIG), by[1].removeprefix(grouping.CONFIG))
    cells = [rows[at].cell for at in order]
    table = pivot.make(keys, metric, [values[at] for at in order], cells)
    names = {group_names.label_of(value[1]): value[1] for value in values}
    places = sorted(range(len(table.columns)), key=lambda at: grouping.natural(names[table.columns[at]]))
    table.columns = [table.columns[at] for at in places]
    table.rows = [(label, [cells[at] for at in places]) for label, cells in table.rows]
    return table


def _labels(
    matches: Matches, membership: grouping.Membership, by: Sequence[str], order: Sequence[int]
) -> list[str]:
    """Return the values of the keys; for replicas the settings in which their groups differ."""
    if len(by) == 1:
        return group_names.labels(matches, membership, by, order)
    return [
        ", ".join(
            f"{key.removeprefix(grouping.CONFIG)} {group_names.label_of(value)}"
            for key, value in zip(by, membership.values[at], strict=True)
        )
        for at in order
    ]


def _address(project: str, key: dict[str, Any], ids: Sequence[str]) -> str:
    """Return the query of the runs page with the members of a group."""
    return urlencode({"project": project, "where": group_names.condition(key, ids)})
