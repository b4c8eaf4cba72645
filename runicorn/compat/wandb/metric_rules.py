"""`define_metric`: which metric is the step of others, and which statistic the summary has of one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


def _number(value: Any) -> float | int | None:
    """Return a number, also of NumPy or of a tensor with one value; None for anything else."""
    if type(value) not in (int, float) and callable(getattr(value, "item", None)):
        with suppress(ValueError, RuntimeError, TypeError):  # it has more than one element
            value = value.item()
    return value if type(value) in (int, float) else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and float(number).is_integer() else None


@dataclass
class Rule:
    """A rule of `define_metric`.

    Attributes:
        pattern: name of a metric, or a pattern such as `val/*`.
        step_metric: metric whose integer values are the steps of the others.
        summaries: "min", "max", "mean", "first", "last", "best" or "none".
        minimize: what "best" means.
    """

    pattern: str
    step_metric: str | None = None
    summaries: tuple[str, ...] = ()
    minimize: bool = True


@dataclass
class Statistics:
    """Statistics of a metric, for the summary."""

    count: int = 0
    total: float = 0.0
    values: dict[str, float] = field(default_factory=dict)

    def add(self, value: float, minimize: bool) -> None:
        self.count += 1
        self.total += value
        values = self.values
        lowest, highest = min(value, values.get("min", value)), max(value, values.get("max", value))
        best = lowest if minimize else highest
        first = values.get("first", value)
        self.values = {"min": lowest, "max": highest, "first": first, "last": value, "best": best}
        self.values["mean"] = self.total / self.count


class MetricRules:
    """All rules of a run; the last one that matches a name counts.

    Attributes:
        earlier: values of the run before it was resumed.
    """

    def __init__(self) -> None:
        self.earlier: Mapping[str, list[Any]] = {}
        self._rules: list[Rule] = []
        self._of: dict[str, Rule | None] = {}
        self._latest: dict[str, int] = {}
        self._statistics: dict[str, Statistics] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, rule: Rule) -> None:
        self._rules.append(rule)
        self._of.clear()

    def rule_of(self, name: str) -> Rule | None:
        """Return the rule for a metric; one for exactly this name before patterns."""
        if name not in self._of:
            matching = [rule for rule in self._rules if fnmatchcase(name, rule.pattern)]
            exact = [rule for rule in matching if rule.pattern == name]
            best = exact or matching
            self._of[name] = best[-1] if best else None
        return self._of[name]

    def split(self, record: dict[str, Any], step: int) -> list[tuple[dict[str, Any], int]]:
        """Divide a record into parts with steps of their own, by the step metrics of its names.

        A step metric that is not an integer cannot be a step, and one that is not in the record has its last value.
        """
        for name, value in record.items():
            if (step_value := _integer(value)) is not None:
                self._latest[name] = step_value
        parts: dict[int, dict[str, Any]] = {}
        for name, value in record.items():
            rule = self.rule_of(name)
            at = self._step_of(rule, record, step)
            parts.setdefault(at, {})[name] = value
            if rule and rule.summaries and (number := _number(value)) is not None:
                self._statistics_of(name, rule).add(float(number), rule.minimize)
        return [(part, at) for at, part in parts.items()]

    def _statistics_of(self, name: str, rule: Rule) -> Statistics:
        if name not in self._statistics:
            self._statistics[name] = statistics = Statistics()
            for value in self.earlier.get(name, ()):
                if (number := _number(value)) is not None:
                    statistics.add(float(number), rule.minimize)
        return self._statistics[name]

    def _step_of(self, rule: Rule | None, record: dict[str, Any], step: int) -> int:
        source = rule.step_metric if rule else None
        if source is None:
            return step
        is_whole = _integer(record.get(source, 0)) is not None
        return self._latest.get(source, step) if is_whole else step

    def statistics_of(self, name: str) -> dict[str, float] | None:
        """Return the requested statistics of a metric by kind; None without any."""
        statistics, rule = self._statistics.get(name), self.rule_of(name)
        if statistics is None or rule is None:
            return None
        values = {kind: statistics.values[kind] for kind in rule.summaries if kind in statistics.values}
        return values or None

    def summary(self) -> dict[str, float]:
        """Return the requested statistics, as `loss.min`; "last" is the name itself."""
        summary = {}
        for name in self._statistics:
            for kind, value in (self.statistics_of(name) or {}).items():
                summary[name if kind == "last" else f"{name}.{kind}"] = value
        return summary
