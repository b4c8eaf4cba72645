"""Primary metrics of runs that lack one or its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runicorn_site.catalog.entry import Figures, RunEntry
from runs.store.usual_metric import choose

PRIMARY = frozenset({"best_metric_name", "best_metric_value"})
"""Columns of the primary metric."""


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
        name = entry.best_metric_name or chosen[entry.project]
        values = figures(entry).get(name)
        if values is not None and values.best is not None:
            entry.best_metric_name, entry.best_metric_value = name, values.best
