"""The figures of one metric of one run, and which of them is its best. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Protocol

LESS_IS_MORE = re.compile(
    r"loss|error|perplexity|\b(?:err|ppl|mse|mae|rmse|wer|cer|fid|nll)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """The figures of one metric over everything that was logged; NaN is neither minimum nor maximum."""

    last: float | None
    last_step: int | None
    minimum: float | None
    minimum_step: int | None
    maximum: float | None
    maximum_step: int | None
    count: int

    @classmethod
    def of(cls, counted: Any) -> MetricFacts:
        """Of a row of a series, or of what was counted of one without a row."""
        return cls(**{one.name: getattr(counted, one.name) for one in fields(cls)})


class SaysItsBest(Protocol):
    """A run, as a row or as a record; of a row the fields are Django's, which are of any type."""

    best_metric_name: Any
    best_metric_mode: Any


def mode_of(run: SaysItsBest, key: str) -> str:
    """Whether the best value of a metric is its "max" or its "min": said by the run, or told by the name."""
    if key == run.best_metric_name and run.best_metric_mode:
        return str(run.best_metric_mode)
    return "min" if LESS_IS_MORE.search(key.replace("_", " ")) else "max"


def best_by(figures: Any, mode: str | None) -> tuple[float | None, int | None]:
    """The best value and its step, by the mode of a primary metric ("max" unless it says "min").

    Args:
        figures: `MetricFacts`, or a row with the same fields.
        mode: "max", "min" or nothing.
    """
    if mode == "min":
        return figures.minimum, figures.minimum_step
    return figures.maximum, figures.maximum_step
