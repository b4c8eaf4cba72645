"""What the pages of the runs show of the metrics, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from metrics.lanes import Lane
from metrics.models import Series
from runs.models import Run

WIDTH, HEIGHT = 64, 20
AIR = 2


@dataclass(frozen=True, slots=True)
class Curve:
    """One chart of a run page before its points are known."""

    name: str
    group: str
    """The part of the name before the first `/`."""
    label: str
    time_only: bool
    """It has no steps: drawn over time whatever the others are drawn over."""
    last: float | str | None
    in_words: str


@dataclass(frozen=True, slots=True)
class Group:
    """Charts whose names begin alike."""

    name: str
    charts: list[Curve]


def chart_groups(run: Run) -> list[Group]:
    """All series of a run's present journal by group and name; those of the machine come last."""
    found = Series.objects.filter(run=run, generation=run.journal.generation, lane__in=_SHOWN).order_by(
        "name", "lane"
    )
    curves = [_curve(next(same)) for _, same in groupby(found, key=lambda series: series.name)]
    ordered = sorted(curves, key=lambda curve: (curve.time_only, curve.group, curve.name))
    return [Group(name, list(charts)) for name, charts in groupby(ordered, key=lambda curve: curve.group)]


_SHOWN = (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM)


def _curve(series: Series) -> Curve:
    group, slash, label = series.name.partition("/")
    return Curve(
        name=series.name,
        group=group if slash and group else "",
        label=label if slash and group and label else series.name,
        time_only=series.lane != Lane.METRIC,
        last=series.last_text if series.last is None else series.last,
        in_words=_in_words(series),
    )


def _in_words(series: Series) -> str:
    points = "1 point" if series.count == 1 else f"{series.count:,} points"
    if series.minimum is None or series.maximum is None:
        return f"{points}, none of them a finite number."
    return f"{points}, lowest {series.minimum:.5g}, highest {series.maximum:.5g}."


def outline(values: Iterable[float | None]) -> str:
    """The points of an SVG polyline of 64 × 20 for a spark line; what is no number is left out."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return ""
    low, high = min(numbers), max(numbers)
    half = high / 2 - low / 2  # halves, because the whole may be beyond the largest float
    across = (WIDTH - 2 * AIR) / (len(numbers) - 1)
    heights = ((value / 2 - low / 2) / half if half else 0.5 for value in numbers)
    return " ".join(
        f"{AIR + i * across:.1f},{HEIGHT - AIR - height * (HEIGHT - 2 * AIR):.1f}"
        for i, height in enumerate(heights)
    )
