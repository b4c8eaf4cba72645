"""Answers with the distribution of curves: density, quantiles, best and worst, and groups."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from metrics.query.distribution.columns import Table, compact
from metrics.query.distribution.reading import CurveReader, RunFields, fields_of, follow
from metrics.query.distribution.sheet import Axis, Sheet, SheetReader
from metrics.query.distribution.statistics import density, statistics
from metrics.query.smoothing.smoother import Smoother
from metrics.store.columns import Floats, Ints
from runicorn.api.responses.metrics import (
    DistributionCurve,
    DistributionGroup,
    MetricDistribution,
    UntimedCurveDistribution,
)
from runs.models import Run
from runs.query.analysis import grouping
from runs.query.analysis.metric_values import Definitions, values_of
from runs.query.matches import Matches
from runs.store.lazy_numpy import np

NAMED = 5
"""Best and worst curves."""
MOST_GROUPS = 100
MOST_NUMBERS = 60_000
"""Values of the members of all groups of a metric: 150 curves of 400 columns, some 0.4 MB of JSON."""
Difference = Literal["absolute", "relative"]


@dataclass(frozen=True, slots=True)
class DistributionQuery:
    """What is asked about the curves of some runs.

    Attributes:
        names: metrics or formulas.
        axis: see `Axis`.
        group_by: keys of `runs.query.analysis.grouping`; without any, all runs are one group.
        members: maximum number of curves of each group.
        mark: ids of runs that are among these curves where they belong to the group.
        rows: of the density; 0 leaves it out.
        log: rows of equal height on a logarithmic scale.
        everything: the density covers outliers too.
        smoother: for the curves, before they are laid into columns.
        against: runs of a baseline, whose mean is subtracted from every curve.
        difference: subtract it, or divide the difference by it.
    """

    names: Sequence[str]
    axis: Axis
    group_by: Sequence[str] = ()
    members: int = 0
    mark: Sequence[str] = ()
    rows: int = 100
    log: bool = False
    everything: bool = False
    smoother: Smoother | None = None
    against: Sequence[Run] = ()
    difference: Difference = "absolute"


class _Group(NamedTuple):
    key: dict[str, Any]
    runs: Ints


def distribution(matches: Matches, query: DistributionQuery) -> UntimedCurveDistribution:
    """Return the curves of all matching runs; lists of numbers are NumPy arrays.

    Raises:
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read; retry.
    """
    baseline = {run.pk for run in query.against}
    new = follow(matches.root, matches.runs)
    if baseline:
        follow(matches.root, Run.objects.filter(pk__in=baseline))
    runs = fields_of(matches.runs)
    run_keys = {run.pk for run in runs}
    others = fields_of(Run.objects.filter(pk__in=baseline - run_keys)) if baseline - run_keys else []
    over = None
    if query.axis.metric is not None:
        over = CurveReader.of(matches.root, query.axis.metric, [*runs, *others], by_step=True)
    groups = _groups(matches, query, runs)
    definitions = Definitions.of(matches.runs)
    answer: UntimedCurveDistribution = {"matching": len(runs), "unread": new, "metrics": []}
    for name in query.names:
        reader = CurveReader.of(matches.root, name, [*runs, *others], by_step=query.axis.by_step)
        sheet = SheetReader(reader, query.axis, query.smoother, over).read()
        answer["unread"] += sheet.unread
        mean = None
        if baseline:
            sheet, mean = _difference(sheet, baseline, query.difference)
        sheet = sheet.of(np.fromiter(run_keys, np.int64, len(run_keys)))
        values = values_of(matches.root, definitions.quantity_of(name), sheet.keys)
        described = _Described(sheet, {run.pk: run for run in runs}, values)
        direction = definitions.goal(name).direction
        entry = _metric(name, direction, described, groups, query)
        if mean is not None:
            entry["baseline"] = cast(list[float | None], mean)
        answer["metrics"].append(entry)
    return answer


def _groups(matches: Matches, query: DistributionQuery, runs: Sequence[RunFields]) -> list[_Group]:
    """Return the groups, largest first, those of equal size by their keys."""
    if not query.group_by:
        return [_Group({}, np.array([run.pk for run in runs], dtype=np.int64))]
    membership = grouping.group(matches, query.group_by)
    order = sorted(
        range(len(membership)), key=lambda at: (-int(membership.sizes[at]), _sortable(membership.values[at]))
    )
    return [
        _Group(
            dict(zip(query.group_by, membership.values[at], strict=True)),
            membership.keys[membership.places(at)],
        )
        for at in order
    ]


def _sortable(values: tuple[Hashable, ...]) -> list[tuple[int, float, str]]:
    return [grouping.natural(value) for value in values]


@dataclass(frozen=True, slots=True)
class _Described:
    """A sheet with the descriptions of its runs; `values` rank them."""

    sheet: Sheet
    runs: dict[int, RunFields]
    values: Floats

    def curves(self, places: Sequence[int]) -> list[DistributionCurve]:
        """Return the curves at places of the sheet."""
        curves: list[DistributionCurve] = []
        for place in places:
            run = self.runs[int(self.sheet.keys[place])]
            value = float(self.values[place])
            y: Any = self.sheet.table[place]
            number = value if np.isfinite(value) else None
            curves.append({"id": run.run_id, "name": run.label, "value": number, "y": y})
        return curves

    def ranked(self, direction: str) -> list[int]:
        """Return the places of runs with a value, best first; by `last` value in the columns without one."""
        values = -self.values if direction == "max" else self.values
        order = np.argsort(values, kind="stable")
        places: list[int] = order[np.isfinite(values[order])].tolist()
        return places


def _metric(
    name: str, direction: Any, described: _Described, groups: Sequence[_Group], query: DistributionQuery
) -> MetricDistribution:
    sheet = described.sheet
    x: Any = [] if sheet.columns is None else sheet.columns.x
    places = described.ranked(direction)
    count = min(NAMED, len(places) // 2)
    visible = groups[:MOST_GROUPS]
    members = query.members
    if sheet.columns is not None and members:
        members = min(members, max(1, MOST_NUMBERS // (sheet.columns.count * max(1, len(visible)))))
    return {
        "name": name,
        "goal": direction,
        "runs": len(sheet.keys),
        "x": x,
        "density": _density(sheet, query),
        "best": described.curves(places[:count]),
        "worst": described.curves(places[::-1][:count]),
        "groups": [_group(group, described, members, frozenset(query.mark)) for group in visible],
        "more_groups": len(groups) - len(visible),
    }


def _density(sheet: Sheet, query: DistributionQuery) -> Any:
    if not query.rows or sheet.columns is None:
        return None
    return density(sheet.table, query.rows, log=query.log, everything=query.everything)


def _group(group: _Group, described: _Described, members: int, mark: frozenset[str]) -> DistributionGroup:
    places = np.flatnonzero(np.isin(described.sheet.keys, group.runs))
    ids = (
        {key: described.runs[key].run_id for key in group.runs.tolist() if key in described.runs}
        if mark
        else {}
    )
    table: Table = described.sheet.table[places]
    is_marked = np.array([ids.get(int(key)) in mark for key in described.sheet.keys[places]], dtype=bool)
    first, rest = places[is_marked][:members], places[~is_marked]
    count = min(len(rest), members - len(first))
    positions = (
        np.sort(np.append(first, rest[np.linspace(0, len(rest) - 1, count).round().astype(np.intp)]))
        if count
        else first
    )
    return {
        "key": group.key,
        "n": len(group.runs),
        "runs": len(places),
        "statistics": statistics(table),
        "members": described.curves(positions.tolist()),
        "marked": [run_id for run_id in ids.values() if run_id in mark],
    }


def _difference(sheet: Sheet, baseline: set[int], difference: Difference) -> tuple[Sheet, Floats]:
    """Return the curves less the mean of those of the baseline, without a value where it has none, and this mean."""
    rows = sheet.table[np.isin(sheet.keys, np.fromiter(baseline, np.int64, len(baseline)))]
    with np.errstate(all="ignore"):
        count = np.isfinite(rows).sum(axis=0)
        mean = np.where(count > 0, np.nansum(rows, axis=0, dtype=np.float64) / np.maximum(count, 1), np.nan)
        table = sheet.table - mean
        if difference == "relative":
            table = np.where(mean != 0, table / np.abs(mean), np.nan)
    return Sheet(sheet.keys, sheet.columns, compact(table), sheet.unread), mean
