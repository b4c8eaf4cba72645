"""Read the curves of many runs: points, means and smoothed curves of each metric of each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.models import Series
from metrics.query import charts
from metrics.query.charts import Resolution
from metrics.query.plan import Window
from metrics.query.series_view import View
from metrics.query.smoothing.curves import smoothed
from metrics.query.smoothing.smoother import Smoother
from metrics.store.columns import Floats
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.api.responses.metrics import SmoothedCurve
from runs.models import Run
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run: its points in the order of x, and their number before sampling."""

    run: Run
    series: list[Series]
    points: Points
    count: int
    origin: float
    smoothed: SmoothedCurve | None = None
    was_read: bool = True
    means: Points | None = None
    """Of all points, for the band."""

    @property
    def is_numeric(self) -> bool:
        """Whether any value is a finite number."""
        return any(row.minimum is not None for row in self.series)

    @property
    def has_points(self) -> bool:
        """Whether the range contains any point."""
        return len(self.points) > 0 if self.smoothed is None else len(self.smoothed["x"]) > 0

    def heights(self, by_step: bool) -> tuple[Floats, Floats]:
        """Return the curve as (x, y), smoothed if requested."""
        if self.smoothed is not None:
            return np.asarray(self.smoothed["x"], float) - self.origin, np.asarray(self.smoothed["y"], float)
        x = self.points.step.astype(float) if by_step else self.points.time - self.origin
        return x, self.points.value.numbers()


@dataclass(frozen=True, slots=True)
class CurveQuery:
    """Query for curves."""

    by_step: bool
    resolution: Resolution
    windows: dict[int, Window]
    """By the id of the series."""
    smoother: Smoother | None
    smoothed_only: bool
    band: bool

    def window(self, row: Series) -> Window:
        return self.windows[row.pk]


def read_curves(view: View, runs: Sequence[Run], origins: dict[int, float], how: CurveQuery) -> list[Curve]:
    """Return the curves by name and then in the order of the runs; `origins`: where x begins, by the id of the run.

    Raises:
        metrics.query.series_view.JournalReplaced: a journal was replaced during the read.
    """
    together = _together(view.series, runs)
    smooth: list[SmoothedCurve | None] = [None] * len(together)
    if how.smoother is not None:
        metrics = [lanes for _, lanes in together]
        smooth = smoothed(
            view, metrics, how.window, how.smoother, by_step=how.by_step, points=how.resolution.of_smoothed
        )
    curve_by_series = {}
    if not how.smoothed_only:
        curve_by_series = charts.downsampled(
            view,
            view.series,
            how.window,
            by_step=how.by_step,
            points=how.resolution.to_read,
            averaged=how.band,
        )
    curves = []
    for (run, lanes), smooth_curve in zip(together, smooth, strict=True):
        of_lanes = [curve_by_series[row.pk] for row in lanes if row.pk in curve_by_series]
        ordered = charts.in_order(of_lanes, by_step=how.by_step)
        count = sum(row.count for row in of_lanes)
        means = charts.averages(of_lanes) if how.band else None
        curves.append(Curve(run, lanes, ordered, count, origins[run.pk], smooth_curve, bool(of_lanes), means))
    return curves


def _together(series: Sequence[Series], runs: Sequence[Run]) -> list[tuple[Run, list[Series]]]:
    """Group the series that form one curve, by name and then in the order of the runs."""
    order = {run.pk: i for i, run in enumerate(runs)}
    lanes: dict[tuple[str, bool, int], list[Series]] = {}
    for row in series:
        lanes.setdefault((row.name, row.lane == Lane.SYSTEM, order[row.run_id]), []).append(row)
    return [(runs[place], lanes[name, system, place]) for name, system, place in sorted(lanes)]
