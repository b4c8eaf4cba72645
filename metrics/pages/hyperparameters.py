"""Context of the plots of config values against a metric, of all runs that the list has."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import Any, TypedDict

from metrics.ingest.summaries import summarize
from runicorn.store import layout
from runicorn_tools.analysis.replicas import is_setting
from runs.models import RunMetric, RunParam
from runs.query import usual_metric
from runs.query.analysis import importance
from runs.query.analysis.importance import KeyImportance
from runs.query.analysis.metric_values import Definitions
from runs.query.analysis.suggestion import Suggestion, suggest
from runs.query.matches import Matches
from runs.store.metric_stats import best_by, mode_by_name

MOST_DRAWN = 2000
"""Runs that are drawn: of more, some, evenly spread over the time of their start."""
MOST_VALUES, FEWEST_COLUMNS, MOST_KEYS = 60_000, 12, 200
"""Values on the page, and columns of them that are there in any case."""
MOST_IMPORTANT, TREES, RANKED_KEYS = 3, 30, 20
AT_ONCE = 500
MOST_NEW = 1000
Value = float | str | None


class HyperparametersContext(TypedDict):
    """Runs that match and that are drawn, names of metrics and config keys, and their values as JSON."""

    total: int
    drawn: int
    metrics: list[str]
    keys: list[str]
    values: str
    matter: list[KeyImportance]
    is_certain: bool
    """Whether the importance of any of them is above its uncertainty."""
    suggestion: Suggestion | None


def hyperparameters(matches: Matches, chosen: str = "") -> HyperparametersContext:
    """Return config keys that differ, the most important first, and the best values of metrics, the primary first.

    Args:
        chosen: a metric that is among them in any case.
    """
    _summarize_new(matches)
    rows = list(matches.runs.order_by("pk").values_list("pk", "run_id", "display_name", "name", "created"))
    total, step = len(rows), max(1.0, len(rows) / MOST_DRAWN)
    rows = [rows[int(at * step)] for at in range(min(len(rows), MOST_DRAWN))]
    keys = [row[0] for row in rows]
    columns = max(FEWEST_COLUMNS, MOST_VALUES // max(1, len(rows)))
    metrics, modes = _metrics(matches, keys, chosen, columns // 2)
    ranked = _ranked(matches, next(iter(metrics), ""))
    place = {entry.key: i for i, entry in enumerate(ranked)}
    config = _config(keys)
    names = sorted(config, key=lambda key: (place.get(key, len(place)), key))[
        : min(MOST_KEYS, columns - len(metrics))
    ]
    values: dict[str, Any] = {
        "runs": [row[1] for row in rows],
        "names": [row[2] or row[3] for row in rows],
        "created": [row[4] for row in rows],
        "modes": modes,
        "config": {name: [_plain(config[name].get(key)) for key in keys] for name in names},
        "metrics": {name: [_rounded(metrics[name].get(key)) for key in keys] for name in metrics},
    }
    top = [entry for entry in ranked if is_setting(entry.key)][:MOST_IMPORTANT]
    # A key whose importance is less than its uncertainty says nothing about where to look.
    important = [entry.key for entry in top if entry.importance > entry.std]
    suggestion = None
    if important and metrics:
        first, columns_of = next(iter(metrics)), {key: values["config"][key] for key in important}
        suggestion = suggest(values["metrics"][first], columns_of, modes[first])
    return {
        "total": total,
        "drawn": len(rows),
        "metrics": list(metrics),
        "keys": names,
        "values": json.dumps(values),
        "matter": [entry for entry in top if entry.importance > 0],
        "is_certain": bool(important),
        "suggestion": suggestion,
    }


def _summarize_new(matches: Matches) -> None:
    """Read the statistics of runs that ended a moment ago; the background reads the others."""
    new = matches.runs.filter(journal=None, summarized_bytes=None, journal_bytes__gt=0).exclude(
        status=layout.RUNNING
    )
    summarize(matches.root, list(new.order_by().values_list("pk", flat=True)[:MOST_NEW]))


def _config(keys: list[int]) -> dict[str, dict[int, Value]]:
    """Return the values of config keys that differ between the runs, by key and run."""
    config: dict[str, dict[int, Value]] = defaultdict(dict)
    for start in range(0, len(keys), AT_ONCE):
        params = RunParam.objects.filter(run__in=keys[start : start + AT_ONCE]).order_by()
        for run, key, number, text in params.values_list("run_id", "key", "number", "text"):
            config[key][run] = text if number is None else number
    return {
        key: values
        for key, values in config.items()
        if len(set(values.values())) > 1 or len(values) < len(keys)
    }


def _metrics(
    matches: Matches, keys: list[int], chosen: str, most: int
) -> tuple[dict[str, dict[int, Value]], dict[str, str]]:
    """Return the best values of metrics by name and run, chosen, primary, then those of most runs, and what is best."""
    figures: dict[str, dict[int, RunMetric]] = defaultdict(dict)
    for start in range(0, len(keys), AT_ONCE):
        for row in RunMetric.objects.filter(run__in=keys[start : start + AT_ONCE]).order_by():
            figures[row.key][row.run_id] = row
    newest = list(matches.runs.newest().defer("config", "summary")[:20])
    usual_metric.fill(newest)
    primary = {run.best_metric_name for run in newest}
    varying = [
        name for name in figures if len({row.best for row in figures[name].values()}) > 1 or name == chosen
    ]
    order = sorted(
        varying, key=lambda name: (name != chosen, name not in primary, -len(figures[name]), name)
    )[:most]
    definitions = Definitions.of(matches.runs)
    metrics: dict[str, dict[int, Value]] = {}
    modes: dict[str, str] = {}
    # The first one stands in the choice before anything is chosen.
    for name in sorted(order, key=lambda name: (name not in primary, order.index(name))):
        direction = definitions.goal(name).direction
        modes[name] = mode_by_name(name) if direction == "unknown" else direction
        metrics[name] = {run: best_by(row, modes[name])[0] for run, row in figures[name].items()}
    return metrics, modes


def _ranked(matches: Matches, metric: str) -> list[KeyImportance]:
    if not metric:
        return []
    return importance.importance(matches, f"{metric}.best", trees=TREES, most_keys=RANKED_KEYS)[0]


def _rounded(value: Any) -> Value:
    """Return the value of a metric with the digits that a picture and its tooltips show."""
    plain = _plain(value)
    return float(f"{plain:.6g}") if isinstance(plain, float) else plain


def _plain(value: Any) -> Value:
    """Return a value for JSON: texts of numbers as numbers, and no number that is not finite."""
    try:
        number = float("nan" if value is None else value)
    except ValueError:
        return str(value)
    if math.isfinite(number):
        return number
    return value if isinstance(value, str) else None
