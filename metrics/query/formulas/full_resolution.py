"""Formulas at full resolution, computed without a database: of journals and of short runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from metrics.query.formulas.evaluate import Track, evaluate
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import Node
from runs.store.lazy_numpy import np
from runs.store.metric_stats import MetricStats

Series = Mapping[str, tuple[Lane, Points]]


def compute(series: Series, trees: Mapping[str, Node]) -> dict[str, tuple[Lane, Points]]:
    """Return the formulas whose metrics are all among the series; a metric of the same name comes first."""
    tracks = {
        name: Track.of(points.by_step().unshadowed())
        for name, (lane, points) in series.items()
        if lane is Lane.METRIC and any(name in formulas.metrics(tree) for tree in trees.values())
    }
    curves = {}
    for name, tree in trees.items():
        if name in series or not tracks.keys() >= set(formulas.metrics(tree)):
            continue
        part = evaluate(tree, tracks, lambda function, metric: _scalar(function, tracks[metric]))
        if isinstance(part, Track):
            curves[name] = (Lane.METRIC, replace(part.to_points(), shadow=None))
    return curves


def _scalar(function: str, track: Track) -> float:
    values = track.values
    if function in ("first", "last"):
        return float(values[0 if function == "first" else -1]) if len(values) else math.nan
    finite = values[np.isfinite(values)]
    return float(finite.min() if function == "min" else finite.max()) if len(finite) else math.nan


def stats_of(points: Points) -> MetricStats:
    """Return the statistics of a formula."""
    values, steps = points.value.numbers(), points.step
    finite = np.flatnonzero(np.isfinite(values))
    last = float(values[-1]) if len(values) else math.nan
    low = int(finite[values[finite].argmin()]) if len(finite) else None
    high = int(finite[values[finite].argmax()]) if len(finite) else None
    return MetricStats(
        last=last if math.isfinite(last) else None,
        last_step=int(steps[-1]) if len(steps) else None,
        minimum=None if low is None else float(values[low]),
        minimum_step=None if low is None else int(steps[low]),
        maximum=None if high is None else float(values[high]),
        maximum_step=None if high is None else int(steps[high]),
        count=len(values),
        last_special=None if math.isfinite(last) else str(last),
    )
