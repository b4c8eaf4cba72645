"""Curves of many runs in few requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runicorn.api import urls
from runicorn.api.client import RunicornClient

if TYPE_CHECKING:
    from runicorn.api import responses

MOST_IDS = 200
"""Maximum number of runs in a request for curves."""
MOST_NUMBERS = 2_500_000
"""Maximum number of numbers in a response; a point has two."""
MOST_POINTS = 50_000


def metric_of_runs(
    client: RunicornClient, run_ids: Iterable[str], metric_name: str
) -> dict[str, list[responses.MetricPoint]]:
    """Return all points of one metric by run: a request for each 200 runs, and for each run with a longer curve.

    NaN and infinities are floats. Runs without the metric have no points.

    Raises:
        RunicornAPIError: the points could not be fetched.
    """
    ids = list(dict.fromkeys(run_ids))
    curves: dict[str, list[responses.MetricPoint]] = {run_id: [] for run_id in ids}
    for start in range(0, len(ids), MOST_IDS):
        part = ids[start : start + MOST_IDS]
        points = max(4, min(MOST_POINTS, MOST_NUMBERS // 2 // len(part)))
        params = {"ids": part, "names": [metric_name], "points": points}
        for series in client.get(urls.path("v2", "series"), params)["series"]:
            curves[series["id"]] = _points(series) or _long_curve(client, series["id"], metric_name)
    return curves


def _long_curve(client: RunicornClient, run_id: str, name: str) -> list[responses.MetricPoint]:
    """Return the points of a curve that a response about many runs does not have in full."""
    for series in client.get_series(run_id, [name], points=MOST_POINTS)["series"]:
        if points := _points(series):
            return points
    return client.get_metrics(run_id, [name])["metrics"].get(name, [])


def _points(series: Mapping[str, Any]) -> list[responses.MetricPoint]:
    """Return the points of a curve in columns; none if it was sampled."""
    values = list(series["y"])
    if series["count"] > len(values):
        return []
    labels = series.get("labels")
    if labels is not None:
        values = [None if value is None else labels[int(value)] for value in values]
    for index, word in series["special"]:
        values[index] = float(word)
    return [
        {"step": int(step), "value": value, "timestamp": None}
        for step, value in zip(series["x"], values)
        if value is not None
    ]
