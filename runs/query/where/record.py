"""Evaluation of a `where` expression on a run read from its folder.

The meaning is that of `runs.query.where.sql`, value for value: tests compare both on the same conditions.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn_tools.analysis import replicas
from runs.query.where import patterns
from runs.query.where.ast import COMPARED, EMPTY_TEXTS, ORDERINGS, All, Comparison, Either, Kind, Node, Not
from runs.store.metric_stats import MetricStats, best_by, mode_of
from runs.store.params import Param, flatten
from runs.store.reader import RunRecord

CAPITALS = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""Databases ignore the case of the letters A to Z only."""


class RunEvaluator:
    """A run for which conditions are evaluated.

    Args:
        record: content of its small files.
        read_metrics: returns the statistics of its metrics by name; called once, and only if a condition needs them.
        root: of its store, where the key of its replicas is read if a condition needs it and the record has none.
    """

    def __init__(
        self,
        record: RunRecord,
        read_metrics: Callable[[], Mapping[str, MetricStats]],
        root: Path | None = None,
    ) -> None:
        self.record = record
        self._read_metrics = read_metrics
        self._root = root

    def satisfies(self, node: Node) -> bool:
        """Evaluate an expression from left to right, no further than needed.

        Raises:
            OSError: it needs a metric, and the journal cannot be read.
        """
        if isinstance(node, Not):
            return not self.satisfies(node.node)
        if isinstance(node, All):
            return all(map(self.satisfies, node.nodes))
        if isinstance(node, Either):
            return any(map(self.satisfies, node.nodes))
        if node.field.kind is Kind.TAGS:
            return bool(set(node.values) & set(self.record.tags) if node.values else self.record.tags)
        if node.field.kind is Kind.CONFIG:
            return compare_param(node, self._params.get(node.field.name))
        if node.field.kind is Kind.METRIC:
            return _compare(node, self._figure(node.field.name, node.field.figure))
        value = self._column(node.field.name)
        if node.operator in ("exists", "!=") and value == "" and node.field.name in EMPTY_TEXTS:
            return False
        return _compare(node, value)

    @cached_property
    def _params(self) -> dict[str, Param]:
        return flatten(self.record.config)

    @cached_property
    def _metrics(self) -> Mapping[str, MetricStats]:
        return self._read_metrics()

    def _figure(self, name: str, figure: str) -> float | None:
        stats = self._metrics.get(name)
        if stats is None:
            return None
        value = best_by(stats, mode_of(self.record, name))[0] if figure == "best" else getattr(stats, figure)
        return None if value is None else float(value)

    def _column(self, name: str) -> Any:
        value = getattr(self.record, name)
        # Not as it was read before: the rules of the project may have changed.
        if name == "replica_key" and self._root is not None:
            rules = replicas.rules_of(self._root, self.record.project)
            return replicas.key_of_folder(self._root / self.record.folder, rules)
        # The best value so far of a run without a summary: running or killed.
        unsaid = value is None or self.record.status == layout.RUNNING
        if name == "best_metric_value" and unsaid and self.record.best_metric_name:
            stats = self._metrics.get(self.record.best_metric_name)
            value = best_by(stats, self.record.best_metric_mode)[0] if stats else value
        return value


def compare_param(node: Comparison, param: Param | None) -> bool:
    """Evaluate a comparison on a value of a config, or of a sample; None fulfils none."""
    if param is None:
        return False
    if node.operator == "in":
        return param.number in node.values or param.text in node.values
    missing = param.number is None and param.text == "null"
    if missing and node.operator in ("exists", "!=", "contains"):
        return False
    if node.operator == "exists":
        return True
    asks_number = node.operator in ORDERINGS or isinstance(node.values[0], float)
    value = param.number if asks_number else param.text
    if node.operator == "!=":
        return value != node.values[0]  # text never equals a number
    return _compare(node, value)


def _compare(node: Comparison, value: Any) -> bool:
    """Compare the value of a field; comparisons with None are false."""
    if value is None:
        return False
    if node.operator == "exists":
        return True
    if node.operator == "in":
        return value in node.values
    operand = node.values[0]
    if node.operator == "contains":
        return str(operand).translate(CAPITALS) in str(value).translate(CAPITALS)
    if node.operator == "~":
        return patterns.compiled(str(operand)).search(str(value)) is not None
    return bool(COMPARED[node.operator](value, operand))
