"""Formulas of the projects of a store, computed from journals without a viewer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from metrics.query.formulas.evaluate import Track, evaluate
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.store.project import analysis
from runicorn_site.catalog.journal_curves import read_series
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import BadFormula, Node
from runs.store.lazy_numpy import np
from runs.store.metric_stats import MetricStats

Series = Mapping[str, tuple[Lane, Points]]


def formulas_of(root: Path, project: str) -> dict[str, Node]:
    """Return the valid formulas of a project by their names."""
    trees = {}
    for name, text in analysis.read(root, project)["formulas"].items():
        try:
            trees[name] = formulas.parse(text)
        except BadFormula:
            continue
    return trees


def read_with_formulas(folder: Path, trees: Mapping[str, Node], names: Sequence[str]) -> Series:
    """Return metrics and formulas of a run by name, all of them if none is named; see `read_series`.

    Raises:
        OSError: the journal cannot be read, or is a link.
    """
    requested = {name: tree for name, tree in trees.items() if not names or name in names}
    inputs = [metric for tree in requested.values() for metric in formulas.metrics(tree)]
    series = read_series(folder, [*names, *inputs] if names else [])
    logged = {name: part for name, part in series.items() if not names or name in names}
    return logged | computed(series, requested)


def computed(series: Series, trees: Mapping[str, Node]) -> dict[str, tuple[Lane, Points]]:
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


class WithFormulas(dict[str, Any]):
    """Values of metrics by name; those of formulas are computed when they are asked for by their names.

    Args:
        values: of the logged metrics.
        names: of the formulas.
        compute: returns the values of formulas of these names, those that the run has.
    """

    def __init__(
        self, values: Mapping[str, Any], names: Iterable[str], compute: Callable[[str], Mapping[str, Any]]
    ) -> None:
        super().__init__(values)
        self._open = set(names).difference(values)
        self._compute = compute

    def __contains__(self, name: object) -> bool:
        if name in self._open and isinstance(name, str):
            self._open.discard(name)
            self.update(self._compute(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> Any:
        if name in self:
            return super().__getitem__(name)
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a metric or a formula."""
        return super().__getitem__(name) if name in self else default

    def fill(self) -> None:
        """Compute all formulas."""
        for name in sorted(self._open):
            self.get(name)
