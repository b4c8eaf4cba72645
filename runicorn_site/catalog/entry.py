"""One run as the terminal, agents and data frames see it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from runicorn.json_value import JsonObject

TIMES, TIMES_OF_POINTS = ("created_at", "started_at", "ended_at"), ("time",)
"""Columns of runs and of points that are times."""
FIGURES = ("last", "best", "min", "max", "count")


@dataclass(slots=True)  # not frozen, see `MetricStats`
class Figures:
    """Statistics of one metric. Values may be NaN or infinite; None where they are not known."""

    last: float | None = None
    best: float | None = None
    min: float | None = None
    max: float | None = None
    count: int | None = None
    last_step: int | None = None
    best_step: int | None = None
    last_text: str | None = None

    def value(self, name: str) -> float | int | str | None:
        """Return a statistic, of a metric of texts its last text."""
        value: float | int | None = getattr(self, name)
        return self.last_text if name == "last" and value is None else value

    def to_dict(self) -> JsonObject:
        """Return what is known, with NaN and infinities as texts."""
        return {name: json_number(self.value(name)) for name in (*FIGURES, "last_step")}


def values_of(figures: Iterable[Figures], name: str) -> list[float | int | str | None]:
    """Return one statistic of many runs, as `Figures.value`, in a third of its time."""
    if name == "last":
        return [each.last_text if each.last is None else each.last for each in figures]
    return list(map(attrgetter(name), figures))


@dataclass(slots=True)
class RunEntry:
    """A run: its identity, state, config, summary, and the metrics if they were asked for. Times are Unix seconds."""

    id: str
    project: str
    name: str
    state: str
    status: str
    created_at: float
    display_name: str | None = None
    state_reason: str | None = None
    group: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    duration: float | None = None
    hostname: str = ""
    owner: str | None = None
    tags: list[str] = field(default_factory=list)
    description: str = ""
    pinned: bool = False
    archived: bool = False
    best_metric_name: str | None = None
    best_metric_value: float | None = None
    best_metric_step: int | None = None
    deleted_at: float | None = None
    config: JsonObject = field(default_factory=dict)
    summary: JsonObject = field(default_factory=dict)
    metrics: dict[str, Figures] = field(default_factory=dict)
    folder: str = ""
    """Folder in the store, relative to its root; "" for a run of a viewer."""
    metric_rules: JsonObject | None = None
    """Definitions of metrics of a run of a store."""

    @property
    def label(self) -> str:
        """The name that a user gave the run, else that of its experiment."""
        return self.display_name or self.name

    def to_dict(self) -> JsonObject:
        """Return everything but the folder as JSON values."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        metrics = {name: figures.to_dict() for name, figures in sorted(self.metrics.items())}
        return {**plain, "config": self.config, "summary": self.summary, "metrics": metrics}


_PLAIN = tuple(
    name
    for name in RunEntry.__slots__
    if name not in ("config", "summary", "metrics", "folder", "metric_rules")
)


def value_of(entry: RunEntry, key: str) -> Any:
    """Return the value of a column: a field, `config.KEY`, `summary.KEY`, `metric.NAME` or `metric.NAME.FIGURE`.

    None if the run has no such value. Another key is that of the config, else a metric's last value.
    """
    if key in _PLAIN:
        return getattr(entry, key)
    kind, _, rest = key.partition(".")
    if kind == "config" and rest:
        return nested(entry.config, rest)
    if kind == "summary" and rest:
        return nested(entry.summary, rest)
    if kind == "metric" and rest:
        return _figure(entry.metrics, rest)
    value = nested(entry.config, key)
    return _figure(entry.metrics, key) if value is None else value


def needs_metrics(key: str) -> bool:
    """Return whether the value of a column may come from a metric."""
    return key not in _PLAIN and key.partition(".")[0] not in ("config", "summary")


def nested(values: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key; a key that itself contains dots wins."""
    if key in values:
        return values[key]
    head, _, rest = key.partition(".")
    inner = values.get(head)
    return nested(inner, rest) if rest and isinstance(inner, Mapping) else None


def _figure(metrics: Mapping[str, Figures], key: str) -> float | int | str | None:
    if key in metrics:
        return metrics[key].value("last")
    name, _, figure = key.rpartition(".")
    if name in metrics and figure in FIGURES:
        return metrics[name].value(figure)
    return None


def with_times(columns: dict[str, list[Any]], names: Iterable[str]) -> dict[str, list[Any]]:
    """Return columns in which those of these names are times in UTC instead of Unix seconds."""
    return columns | {name: list(map(moment, columns[name])) for name in names}


def moment(seconds: float | None) -> datetime | None:
    """Return Unix seconds as a time in UTC; None outside of the years 1 to 9999."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def json_number(value: float | int | str | None) -> float | int | str | None:
    """Return a value that JSON can hold; NaN and infinities as `nan`, `inf` and `-inf`."""
    return value if value is None or isinstance(value, str) or math.isfinite(value) else str(value)
