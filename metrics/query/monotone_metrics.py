"""Monotone metrics, which never decrease: x axes for the charts of a page."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from metrics.models import Journal, Series
from metrics.query import charts
from metrics.query.plan import WHOLE
from metrics.query.series_view import JournalReplaced, View, directories
from metrics.store.columns import FLOAT, INT
from metrics.store.lanes import Lane
from runs.models import Run
from runs.store.lazy_numpy import np

MOST = 8
FEWEST_POINTS = 3
POINTS = 1000
_is_monotone: dict[tuple[int, int], bool] = {}
MOST_CACHED = 10_000


def monotone_metrics(runs: Sequence[Run]) -> list[str]:
    """Return the metrics that never decrease in the first of these runs that have any, in the order of their names.

    Their highest value is the last one and their lowest the first; of long series the extremes of neighbouring points are
    compared.
    """
    candidates = Series.objects.filter(
        run__in=runs[:MOST],
        generation=F("run__journal__generation"),
        lane=Lane.METRIC,
        kinds__in=(FLOAT, INT, FLOAT | INT),
        count__gte=FEWEST_POINTS,
        maximum=F("last"),
        maximum__gt=F("minimum"),
        minimum_step=F("first_step"),
    )
    rows = list(candidates.order_by("name")[: MOST * MOST])
    monotone = _monotone(rows)
    for run in runs[:MOST]:
        if names := [row.name for row in monotone if row.run_id == run.pk]:
            return names[:MOST]
    return []


def _monotone(series: list[Series]) -> list[Series]:
    unknown = [row for row in series if (row.uid, row.count) not in _is_monotone]
    if len(_is_monotone) > MOST_CACHED:
        _is_monotone.clear()
    if unknown:
        view = View(Journal(), unknown, directories(unknown))
        try:
            curve_by_series = charts.downsampled(view, unknown, WHOLE, by_step=True, points=POINTS)
        except JournalReplaced:
            return []
        for row in unknown:
            values = curve_by_series[row.pk].points.by_step().unshadowed().value.numbers()
            _is_monotone[row.uid, row.count] = bool(len(values) and (np.diff(values) >= 0).all())
    return [row for row in series if _is_monotone.get((row.uid, row.count))]
