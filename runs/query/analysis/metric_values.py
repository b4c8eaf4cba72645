"""One value of a metric for each of many runs: which statistic stands for it, and which direction is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from runicorn.store.metric_rules import rule_of
from runicorn_tools.analysis.goals import Goal, goal_by_name
from runs.models import Run, RunMetric, RunQuerySet, StorageRoot
from runs.query import derived_metrics
from runs.query.analysis.column_cache import get_or_compute
from runs.query.where.ast import FIGURES
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int64]"
LATEST = 20
"""Newest runs of a list whose definitions of metrics count."""
FEW = 1000
"""Runs whose values are looked up by their keys; for more all values of the metric are read."""


class Quantity(NamedTuple):
    """A metric with the statistic that stands for a run.

    Attributes:
        text: as it was requested.
        name: name of the metric.
        figure: `best`, `last`, `min` or `max`.
    """

    text: str
    name: str
    figure: str

    @property
    def column(self) -> str:
        """Return the column of `RunMetric`."""
        return FIGURES[self.figure]


class Definitions:
    """Definitions of metrics by the newest runs of a list."""

    def __init__(self, runs: Iterable[Mapping[str, Any]]) -> None:
        self._runs = list(runs)

    @classmethod
    def of(cls, runs: RunQuerySet) -> Definitions:
        """Read those of the newest runs."""
        fields = ("metric_rules", "best_metric_name", "best_metric_mode")
        return cls(runs.newest()[:LATEST].values(*fields))

    @classmethod
    def of_runs(cls, runs: Iterable[Run]) -> Definitions:
        """Return those of loaded runs, the most important first."""
        return cls(
            {
                "metric_rules": run.metric_rules,
                "best_metric_name": run.best_metric_name,
                "best_metric_mode": run.best_metric_mode,
            }
            for run in runs
        )

    def quantity(self, text: str) -> Quantity:
        """Return the metric of a text with its statistic: named as in `val/acc.best`, or by its definition, or the last value."""
        name, _, figure = text.rpartition(".")
        return Quantity(text, name, figure) if name and figure in FIGURES else self.quantity_of(text)

    def quantity_of(self, metric: str) -> Quantity:
        """Return a metric of exactly this name with the statistic of its definition, or the last value."""
        return Quantity(metric, metric, self._summary(metric) or "last")

    def is_defined(self, metric: str) -> bool:
        """Return whether a definition says which statistic stands for a metric."""
        return self._summary(metric) is not None

    def _summary(self, metric: str) -> str | None:
        summaries = (rule_of(run["metric_rules"], metric).get("summary") for run in self._runs)
        return next((summary for summary in summaries if summary), None)

    def goal(self, name: str) -> Goal:
        """Return which direction of a metric is better: by its definition, its role as primary metric, or its name."""
        for run in self._runs:
            if goal := rule_of(run["metric_rules"], name).get("goal"):
                return Goal("min" if goal == "min" else "max")
        for run in self._runs:
            if run["best_metric_name"] == name and run["best_metric_mode"]:
                return Goal("min" if run["best_metric_mode"] == "min" else "max")
        return goal_by_name(name)


def values_of(root: StorageRoot, quantity: Quantity, keys: Ints) -> Floats:
    """Return the value of each run, NaN without one.

    Args:
        keys: primary keys of runs, ascending.
    """
    derived_metrics.prepare(root, {quantity.name})
    values: Floats = np.full(len(keys), np.nan)
    if not len(keys):
        return values
    if len(keys) <= FEW:
        runs, column = _rows(root, quantity, keys)
    else:
        runs, column = get_or_compute(root, quantity[1:], lambda: _rows(root, quantity))
    places = np.minimum(np.searchsorted(keys, runs), len(keys) - 1)
    is_member = keys[places] == runs
    values[places[is_member]] = column[is_member]
    return values


def _rows(root: StorageRoot, quantity: Quantity, keys: Ints | None = None) -> tuple[Ints, Floats]:
    """Return the runs with a value, and their values."""
    rows = RunMetric.objects.filter(root=root, key=quantity.name, **{f"{quantity.column}__isnull": False})
    if keys is not None:
        rows = rows.filter(run__in=keys.tolist())
    pairs = list(rows.order_by().values_list("run_id", quantity.column))
    table = np.fromiter(chain.from_iterable(pairs), np.float64, 2 * len(pairs))
    return table[::2].astype(np.int64), table[1::2]
