"""Chart panels and sparklines of run pages."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.ingest import summaries
from metrics.models import Journal, Series
from metrics.pages.chart_order import in_default_order
from metrics.query import charts, downsample
from metrics.query.formulas.definitions import computable
from metrics.query.plan import Window
from metrics.query.series_view import JournalReplaced, View, directories
from metrics.store import journal_problems
from metrics.store.lanes import Lane
from runicorn.store.metric_rules import step_metric_of
from runs.models import Run

WIDTH, HEIGHT = 64, 20
AIR = 2
POINTS = 40
REMEMBERED = 10_000
"""Outlines of spark lines kept, of some 400 bytes each."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One chart of a run page before its points are loaded."""

    name: str
    group: str
    """The part of the name before the first `/`."""
    label: str
    time_only: bool
    """It has no steps: drawn over time whatever the others are drawn over."""
    last: float | str | None = None
    in_words: str = ""
    x: str = ""
    """The metric that `define_metric` names as its x axis; empty for that of the page."""

    @classmethod
    def of(cls, name: str, *, time_only: bool, last: float | str | None = None, in_words: str = "") -> Curve:
        group, slash, label = name.partition("/")
        grouped = bool(slash and group)
        return cls(
            name=name,
            group=group if grouped else "",
            label=label if grouped and label else name,
            time_only=time_only,
            last=last,
            in_words=in_words,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Charts whose names begin alike."""

    name: str
    charts: list[Curve]


def chart_groups(run: Run) -> list[Group]:
    """All series of a run's present journal by section, in the default order."""
    present = Series.objects.filter(run=run, generation=F("run__journal__generation"), lane__in=SHOWN)
    rows = present.order_by("name", "lane")
    curves = [_curve(next(same)) for _, same in groupby(rows, key=lambda series: series.name)]
    curves += formula_charts([run], {curve.name for curve in curves if not curve.time_only})
    return grouped(over_step_metrics(curves, [run]), primary={run.best_metric_name or ""})


def over_step_metrics(curves: Iterable[Curve], runs: Iterable[Run]) -> list[Curve]:
    """Return the charts with the x axes that the first run with a definition of each names, if there is such a metric."""
    charts = list(curves)
    names = {curve.name for curve in charts if not curve.time_only}
    rules = [run.metric_rules for run in runs if run.metric_rules]
    return [
        replace(curve, x=step_metric_of(rules, curve.name, names)) if rules and not curve.time_only else curve
        for curve in charts
    ]


def formula_charts(runs: Iterable[Run], metrics: Collection[str]) -> list[Curve]:
    """Return a chart for each formula of the runs' projects whose metrics are among these."""
    projects = {(run.root.path, run.project) for run in runs}
    names = {name for root, project in projects for name in computable(root, project, metrics)}
    return [Curve.of(name, time_only=False) for name in sorted(names - set(metrics))]


def grouped(
    curves: Iterable[Curve], *, primary: Collection[str], preferred: Sequence[str] = ()
) -> list[Group]:
    """The charts by section in the default order; see `metrics.pages.chart_order`."""
    ordered = in_default_order(curves, primary=primary, preferred=preferred)
    return [Group(name, list(charts)) for name, charts in groupby(ordered, key=lambda curve: curve.group)]


def problems(run: Run) -> list[str]:
    """Describe what could not be read of the run's journal."""
    journal: Journal | None = Journal.objects.filter(run=run).first()
    if journal is None:
        return []
    return journal_problems.problems(journal.bad_lines, journal.untimed, journal.altered, ngettext)


SHOWN = (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM)


def _curve(series: Series) -> Curve:
    return Curve.of(
        series.name,
        time_only=series.lane != Lane.METRIC,
        last=series.last_text if series.last is None else series.last,
        in_words=_in_words(series),
    )


def _in_words(series: Series) -> str:
    points = ngettext("%(n)s point", "%(n)s points", series.count) % {"n": f"{series.count:,}"}
    if series.minimum is None or series.maximum is None:
        return _("{points}, no finite values.").format(points=points)
    values = {"points": points, "lowest": f"{series.minimum:.5g}", "highest": f"{series.maximum:.5g}"}
    return _("{points}, lowest {lowest}, highest {highest}.").format(**values)


def sparklines(primary: Mapping[int, str]) -> dict[int, str]:
    """For runs by the ids of their rows: the outline of each one's metric of that name, where there is one.

    What was drawn once is remembered until the metric has more points.
    """
    candidates = Series.objects.filter(
        run__in=primary,
        name__in=set(primary.values()),
        lane=Lane.METRIC,
        generation=F("run__journal__generation"),
    )
    primary_series = [row for row in candidates if primary[row.run_id] == row.name]
    new = [row for row in primary_series if (row.uid, row.count) not in _outlines]
    try:
        _outlines.update(_drawn(new))
    except JournalReplaced:
        # A journal was replaced in this moment: the next look has its new curve.
        primary_series = [row for row in primary_series if (row.uid, row.count) in _outlines]
    outlines = {row.run_id: _outlines[row.uid, row.count] for row in primary_series}
    outlines |= _outlines_of_summarized({run: name for run, name in primary.items() if run not in outlines})
    if len(_outlines) > REMEMBERED:
        _outlines.clear()
    return outlines


def _outlines_of_summarized(primary: Mapping[int, str]) -> dict[int, str]:
    """Return the outlines of small runs whose points are only in their journals."""
    runs = Run.objects.filter(pk__in=primary).exclude(summarized_bytes=None).select_related("root")
    outlines = {}
    for run in runs.only("folder", "root__path", "summarized_bytes"):
        # Series have positive numbers.
        key = -run.pk, run.summarized_bytes or 0
        if key not in _outlines:
            points = summaries.points_of(run, primary[run.pk])
            values = points.value.numbers()
            at = downsample.curve(points.step, values, POINTS)
            _outlines[key] = outline(points.step[at], values[at].tolist())
        outlines[run.pk] = _outlines[key]
    return outlines


def _drawn(series: list[Series]) -> dict[tuple[int, int], str]:
    if not series:
        return {}
    view = View(Journal(), series, directories(series))
    curve_by_series = charts.downsampled(view, series, Window(), by_step=True, points=POINTS)
    entries = {
        row: charts.series_columns(
            [row],
            curve_by_series[row.pk].points,
            curve_by_series[row.pk].count,
            by_step=True,
            resolution=charts.Resolution(POINTS),
        )
        for row in series
    }
    return {(row.uid, row.count): outline(entry["x"], entry["y"]) for row, entry in entries.items()}


_outlines: dict[tuple[int, int], str] = {}


def outline(x: Iterable[float], y: Iterable[float | None]) -> str:
    """Return the points of an SVG polyline of 64 × 20 for a sparkline, without values that are not finite."""
    points = [
        (float(at), float(value))
        for at, value in zip(x, y, strict=True)
        if value is not None and math.isfinite(value)
    ]
    if len(points) < 2:
        return ""
    across = _scaled([at for at, _ in points], WIDTH)
    heights = _scaled([value for _, value in points], HEIGHT)
    return " ".join(f"{x:.1f},{HEIGHT - up:.1f}" for x, up in zip(across, heights, strict=True))


def _scaled(values: list[float], size: int) -> list[float]:
    """The values between `AIR` and `size - AIR`; in the middle when they are all the same."""
    low = min(values)
    half = max(values) / 2 - low / 2  # halves, because the whole may be beyond the largest float
    parts = ((value / 2 - low / 2) / half if half else 0.5 for value in values)
    return [AIR + part * (size - 2 * AIR) for part in parts]
