"""Primary metrics of runs that lack one or its value, and which values are the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runicorn.store.metric_rules import rule_of
from runicorn_site.catalog.entry import Figures, RunEntry
from runs.store.metric_stats import mode_by_name
from runs.store.usual_metric import choose

PRIMARY = frozenset({"best_metric_name", "best_metric_value"})
"""Columns of the primary metric."""


def best_mode(entries: Sequence[RunEntry], metric: str) -> str:
    """Return whether the best value of a metric is its "max" or "min": as a run defined it, else as the bests of runs are."""
    for entry in entries:
        if goal := rule_of(entry.metric_rules, metric).get("goal"):
            return goal
    # A viewer does not tell the definitions, but its statistics follow them.
    for figures in (entry.metrics[metric] for entry in entries if metric in entry.metrics):
        if figures.min != figures.max and figures.best in (figures.min, figures.max):
            return "min" if figures.best == figures.min else "max"
    modes = (entry.summary.get("best_metric_mode") for entry in entries if entry.best_metric_name == metric)
    return str(next(filter(None, modes), None) or mode_by_name(metric))


def fill(entries: Sequence[RunEntry], figures: Callable[[RunEntry], Mapping[str, Figures]]) -> None:
    """Give runs the value of their primary metric; those without one that of the newest of them in their project.

    Args:
        figures: returns the statistics of all metrics of a run.
    """
    chosen: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: (-entry.created_at, entry.id)):
        if entry.best_metric_name and entry.best_metric_value is not None:
            continue
        if not entry.best_metric_name and entry.project not in chosen:
            # A run that has logged nothing yet names no metric for the others.
            if name := choose(figures(entry)):
                chosen[entry.project] = name
            else:
                continue
        _set_best(entry, entry.best_metric_name or chosen[entry.project], figures(entry))


def complete(entry: RunEntry) -> None:
    """Give a run the value of its primary metric: its summary has none if points were logged before it was set."""
    if entry.best_metric_name and entry.best_metric_value is None:
        _set_best(entry, entry.best_metric_name, entry.metrics)


def _set_best(entry: RunEntry, name: str, figures: Mapping[str, Figures]) -> None:
    values = figures.get(name)
    if values is not None and values.best is not None:
        entry.best_metric_name, entry.best_metric_value = name, values.best
        entry.best_metric_step = values.best_step
