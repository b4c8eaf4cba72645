"""Statistics of one metric of one run, and the choice of its best value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Protocol

from runicorn.store.metric_rules import rule_of
from runicorn_tools.analysis.goals import goal_by_name
from runs.store.sanitize import clean_text

TEXT_LENGTH = 255
"""Characters of a text that lists show."""


@dataclass(slots=True)  # not frozen: lists of a store make 100,000, which would take three times as long
class MetricStats:
    """Statistics of one metric over all logged values; NaN is neither minimum nor maximum."""

    last: float | None
    last_step: int | None
    minimum: float | None
    minimum_step: int | None
    maximum: float | None
    maximum_step: int | None
    count: int
    last_special: str | None = None
    """`nan`, `inf` or `-inf` if the last value is no finite number."""
    last_text: str | None = None
    """The last value if it is text, its first `TEXT_LENGTH` characters."""

    @classmethod
    def of(cls, counted: Any) -> MetricStats:
        """Create from the row of a series, or from counted statistics."""
        stats = cls(**{field.name: getattr(counted, field.name) for field in fields(cls)})
        if stats.last_text is not None:
            stats.last_text = clean_text(stats.last_text, TEXT_LENGTH)
        return stats


class HasPrimaryMetric(Protocol):
    """A run as a row or as a record; Django's fields may have any type."""

    best_metric_name: Any
    best_metric_mode: Any
    metric_rules: Any


def mode_of(run: HasPrimaryMetric, key: str) -> str:
    """Return whether the best value of a metric is its "max" or "min": set by the run, or inferred from the name."""
    if run.metric_rules and (goal := rule_of(run.metric_rules, key).get("goal")):
        return goal
    if key == run.best_metric_name and run.best_metric_mode:
        return str(run.best_metric_mode)
    return mode_by_name(key)


@lru_cache(maxsize=4096)
def mode_by_name(key: str) -> str:
    """Return whether the best value of a metric of that name is its "max" or "min"."""
    return "min" if goal_by_name(key).direction == "min" else "max"


def score(value: float | None, mode: str | None) -> float | None:
    """Return a best value such that more is better, by the mode of a primary metric ("max" unless it is "min")."""
    return -value if value is not None and mode == "min" else value


def best_by(figures: Any, mode: str | None) -> tuple[float | None, int | None]:
    """Return the best value and its step by the mode of a primary metric ("max" unless it is "min").

    Args:
        figures: `MetricStats`, or a row with the same fields.
        mode: "max", "min" or None.
    """
    if mode == "min":
        return figures.minimum, figures.minimum_step
    return figures.maximum, figures.maximum_step


def best_of_row(row: Any, mode: str | None) -> tuple[float | None, int | None]:
    """Return the best value of a row and its step, as `best_by`; the step of a formula is None."""
    value, step = best_by(row, mode)
    # The row of a formula has a digest in place of a step.
    return value, None if row.last_step is None else step
