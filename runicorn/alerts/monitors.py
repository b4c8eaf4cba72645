"""Watching metrics while they are logged: rules that raise an alarm, and values that are unlike those before."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runicorn.store.averages import mean
from runicorn.store.values import NotLoggable, scalar

TOLERANCE = 1e-9
"""Values that are less far apart count as equal."""
JUMP = 0.5
"""Part of its former mean by which a window may move."""
SPREAD = 3.0
"""Times its former variance that a window may have."""

CONDITIONS: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda value, threshold: value > threshold,
    "lt": lambda value, threshold: value < threshold,
    "eq": lambda value, threshold: abs(value - threshold) < TOLERANCE or value == threshold,
    "ne": lambda value, threshold: not (abs(value - threshold) < TOLERANCE or value == threshold),
    "nan": lambda value, _: math.isnan(value),
    "inf": lambda value, _: math.isinf(value),
}
WITHOUT_THRESHOLD = ("nan", "inf")

logger = logging.getLogger("runicorn.alerts.monitors")


@dataclass(eq=False)
class AlertRule:
    """When a metric gives the alarm.

    Attributes:
        metric_name: the metric.
        condition: "gt", "lt", "eq", "ne" (against `threshold`), "nan" or "inf".
        threshold: what the value is compared with.
        consecutive_count: values in a row that must meet the condition; then the count starts again.
        callback: called with the alarm and the value, in the thread that logs; what it raises is raised there, so it
            can end a training.

    Raises:
        ValueError: the condition is unknown, lacks its threshold, or is to be met less than once.
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
        """Whether `value` meets the condition."""
        return CONDITIONS[self.condition](value, 0.0 if self.threshold is None else self.threshold)

    def message(self, value: float) -> str:
        """The alarm in words."""
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
    """Holds metrics against rules, and remembers the latest values of each. Losses that are no number are watched from the start.

    Args:
        window_size: values of each metric that are remembered.
    """

    def __init__(self, window_size: int = 100) -> None:
        self.window_size = window_size
        self.metrics_history: dict[str, deque[float]] = {}
        self.alert_rules: list[AlertRule] = []
        self._met: dict[AlertRule, int] = {}
        for name, condition in DEFAULT_RULES:
            self.add_rule(AlertRule(name, condition, callback=_warn))

    def add_rule(self, rule: AlertRule) -> None:
        """Watch one thing more; a rule that is watched already stays as it is."""
        if rule not in self._met:
            self.alert_rules.append(rule)
            self._met[rule] = 0

    def check_metrics(self, metrics: Mapping[str, Any]) -> list[str]:
        """The alarms of one record of metrics; callbacks have been called. What is no number is passed over."""
        return [alarm for alarm, _ in self.check(metrics)]

    def check(self, metrics: Mapping[str, Any]) -> list[tuple[str, AlertRule]]:
        """Like `check_metrics`, with the rule of each alarm."""
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
        """`{mean, min, max, last, count, valid_count}` of the remembered values, the first three of finite ones.

        `{has_nan, has_inf}` when none is finite, and nothing without values.
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
        """Whether the rule has been met often enough in a row."""
        self._met[rule] = self._met[rule] + 1 if rule.is_met(value) else 0
        alarm = self._met[rule] >= rule.consecutive_count
        if alarm:
            self._met[rule] = 0
        return alarm


class AnomalyDetector:
    """Tells values that are unlike those before.

    Args:
        sensitivity: standard deviations from the mean that are still usual.
    """

    def __init__(self, sensitivity: float = 2.0) -> None:
        self.sensitivity = sensitivity
        self.baselines: dict[str, dict[str, float]] = {}

    def update_baseline(self, metric_name: str, values: Sequence[float]) -> None:
        """Take `values` as the usual ones of a metric; fewer than two finite ones change nothing."""
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
        """Whether a value is unusual: always when it is not finite, never without a baseline."""
        if not math.isfinite(value):
            return True
        baseline = self.baselines.get(metric_name)
        if baseline is None:
            return False
        # The mean of equal values may be off by a rounding, which is no anomaly.
        slack = TOLERANCE * abs(baseline["mean"])
        return not baseline["lower_bound"] - slack <= value <= baseline["upper_bound"] + slack

    def detect_trend_anomaly(self, values: Sequence[float], window: int = 5) -> bool:
        """Whether the last `window` values moved by half, or vary three times as much, against the `window` before.

        False with fewer than two windows; true when one of the values is not finite.
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
    """A function that takes a record of metrics, as `log` does, and logs a warning for rules without a callback."""

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
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def _moments(values: Sequence[float]) -> tuple[float, float]:
    """Mean and variance."""
    middle = mean(values)
    # Not `fsum`: the squares of large distances are infinite.
    return middle, sum((value - middle) * ((value - middle) / len(values)) for value in values)
