"""Alert rules and anomaly detection on metrics while they are logged."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runicorn.alerts import forwarding
from runicorn.alerts.evaluation import OPERATORS, Memory, episodes
from runicorn.store.averages import mean
from runicorn.store.values import NotLoggable, scalar

TOLERANCE = 1e-9
"""Values closer than this are equal."""
JUMP = 0.5
"""Largest change of a window's mean, as a fraction of the previous mean."""
SPREAD = 3.0
"""Largest ratio of a window's variance to the previous variance."""

CONDITIONS: dict[str, Callable[[float, float], bool]] = {
    "gt": OPERATORS[">"],
    "lt": OPERATORS["<"],
    "eq": lambda value, threshold: abs(value - threshold) < TOLERANCE or value == threshold,
    "ne": lambda value, threshold: not (abs(value - threshold) < TOLERANCE or value == threshold),
    "nan": lambda value, _: math.isnan(value),
    "inf": lambda value, _: math.isinf(value),
}
WITHOUT_THRESHOLD = ("nan", "inf")

logger = logging.getLogger("runicorn.alerts.monitors")


@dataclass(eq=False)
class AlertRule:
    """Condition of a metric that triggers an alert.

    Attributes:
        metric_name: the metric.
        condition: "gt", "lt", "eq", "ne" (against `threshold`), "nan" or "inf".
        threshold: the value to compare with.
        consecutive_count: consecutive values that must meet the condition; the count restarts after an alert.
        callback: called with the alert and the value in the logging thread; its exceptions propagate to the caller of
            `log`, so it can stop a training.

    Raises:
        ValueError: the condition is unknown, its threshold is missing, or `consecutive_count` is less than 1.
    """

    metric_name: str
    condition: str
    threshold: float | None = None
    consecutive_count: int = 1
    callback: Callable[[str, Any], None] | None = None

    def __post_init__(self) -> None:
        if self.condition not in CONDITIONS:
            raise ValueError(f"A condition is one of {', '.join(CONDITIONS)}, not {self.condition!r}.")
        if self.threshold is None and self.condition not in WITHOUT_THRESHOLD:
            raise ValueError(f"The condition {self.condition!r} needs a threshold.")
        if self.consecutive_count < 1:
            raise ValueError("consecutive_count must be 1 or more.")

    def is_met(self, value: float) -> bool:
        """Return whether `value` meets the condition."""
        return CONDITIONS[self.condition](value, 0.0 if self.threshold is None else self.threshold)

    def message(self, value: float) -> str:
        """Return the text of the alert."""
        if self.condition in WITHOUT_THRESHOLD:
            return f"⚠️ Alert: {self.metric_name} is {self.condition.upper()}"
        return f"⚠️ Alert: {self.metric_name}={value} {self.condition} {self.threshold}"


DEFAULT_RULES = (
    ("loss", "nan"),
    ("loss", "inf"),
    ("train_loss", "nan"),
    ("val_loss", "nan"),
    ("test_loss", "nan"),
)


class MetricMonitor:
    """Check metrics against rules and keep their latest values. NaN and infinite losses are watched by default.

    Alerts are listed in the active run, the first of consecutive ones.

    Args:
        window_size: number of values kept per metric.
    """

    def __init__(self, window_size: int = 100) -> None:
        self.window_size = window_size
        self.metrics_history: dict[str, deque[float]] = {}
        self.alert_rules: list[AlertRule] = []
        self._memory: dict[AlertRule, Memory] = {}
        for name, condition in DEFAULT_RULES:
            self.add_rule(AlertRule(name, condition, callback=_warn))

    def add_rule(self, rule: AlertRule) -> None:
        """Add a rule, unless it is already there."""
        if rule not in self._memory:
            self.alert_rules.append(rule)
            self._memory[rule] = []

    def check_metrics(self, metrics: Mapping[str, Any]) -> list[str]:
        """Check a record of metrics, call callbacks, return the alerts. Values other than numbers are ignored."""
        return [alarm for alarm, _ in self.check(metrics)]

    def check(self, metrics: Mapping[str, Any]) -> list[tuple[str, AlertRule]]:
        """Like `check_metrics`, but return each alert with its rule."""
        numbers = {name: number for name, value in metrics.items() if (number := _number(value)) is not None}
        for name, number in numbers.items():
            self.metrics_history.setdefault(name, deque(maxlen=self.window_size)).append(number)
        alarms = []
        for rule in self.alert_rules:
            if rule.metric_name in numbers and self._count(rule, numbers[rule.metric_name]):
                value = numbers[rule.metric_name]
                alarms.append((rule.message(value), rule))
                if rule.callback is not None:
                    rule.callback(rule.message(value), value)
        return alarms

    def get_statistics(self, metric_name: str) -> dict[str, Any]:
        """Return `{mean, min, max, last, count, valid_count}` of the kept values; mean, min and max of finite ones.

        `{has_nan, has_inf}` if none is finite; {} without values.
        """
        values = list(self.metrics_history.get(metric_name, ()))
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return (
                {"has_nan": any(map(math.isnan, values)), "has_inf": math.inf in map(abs, values)}
                if values
                else {}
            )
        return {
            "mean": mean(finite),
            "min": min(finite),
            "max": max(finite),
            "last": values[-1],
            "count": len(values),
            "valid_count": len(finite),
        }

    def _count(self, rule: AlertRule, value: float) -> bool:
        """Return whether the value completes `consecutive_count` of them; list the first alert of an episode."""
        need, before = rule.consecutive_count, self._memory[rule]
        changes, memory = episodes(rule.is_met(value), [1], need, before, calm=1)
        self._memory[rule] = memory
        for began, _ in changes:
            for listener in forwarding.listeners if began else ():
                listener(rule.message(value))
        return bool(memory[1]) and memory[2] % need == 0


class AnomalyDetector:
    """Detect values that differ from a baseline.

    Args:
        sensitivity: number of standard deviations from the mean that count as normal.
    """

    def __init__(self, sensitivity: float = 2.0) -> None:
        self.sensitivity = sensitivity
        self.baselines: dict[str, dict[str, float]] = {}

    def update_baseline(self, metric_name: str, values: Sequence[float]) -> None:
        """Set the baseline of a metric; ignored with fewer than two finite values."""
        finite = [float(value) for value in values if math.isfinite(value)]
        if len(finite) < 2:
            return
        middle, variance = _moments(finite)
        std = math.sqrt(variance)
        reach = self.sensitivity * std
        self.baselines[metric_name] = {
            "mean": middle,
            "std": std,
            "upper_bound": middle + reach,
            "lower_bound": middle - reach,
        }

    def is_anomaly(self, metric_name: str, value: float) -> bool:
        """Return whether a value is anomalous: always if it is not finite, never without a baseline."""
        if not math.isfinite(value):
            return True
        baseline = self.baselines.get(metric_name)
        if baseline is None:
            return False
        # The mean of equal values may have a rounding error, which is no anomaly.
        slack = TOLERANCE * abs(baseline["mean"])
        return not baseline["lower_bound"] - slack <= value <= baseline["upper_bound"] + slack

    def detect_trend_anomaly(self, values: Sequence[float], window: int = 5) -> bool:
        """Return whether the mean moved by half, or the variance tripled, from one window of values to the next.

        False with fewer than two windows of values; True if a value is not finite.
        """
        if window < 1 or len(values) < 2 * window:
            return False
        before, recent = values[-2 * window : -window], values[-window:]
        if not all(map(math.isfinite, (*before, *recent))):
            return True
        old_mean, old_variance = _moments(before)
        new_mean, variance = _moments(recent)
        moved = old_mean != 0 and abs(new_mean - old_mean) > JUMP * abs(old_mean)
        return moved or (old_variance != 0 and variance > SPREAD * old_variance)


def create_monitor_callback(monitor: MetricMonitor) -> Callable[[Mapping[str, Any]], None]:
    """Return a function that checks a record of metrics and logs a warning for rules without a callback."""

    def callback(metrics: Mapping[str, Any]) -> None:
        for alarm, rule in monitor.check(metrics):
            if rule.callback is None:
                logger.warning(alarm)

    return callback


def _warn(alarm: str, value: Any) -> None:
    logger.warning(alarm)


def _number(value: Any) -> float | None:
    try:
        number = scalar(value)
    except NotLoggable:
        return None
    return number if isinstance(number, (int, float)) and not isinstance(number, bool) else None


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and variance."""
    middle = mean(values)
    # Not `fsum`: the squares of large distances are infinite.
    return middle, sum((value - middle) * ((value - middle) / len(values)) for value in values)
