"""Default order of charts: primary metrics first, counters and system metrics last."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import Any, Protocol, TypeVar

from runicorn_site.web.natural_sort import natural
from runs.query.sort_keys import metric_of
from runs.query.where.ast import Kind, Node, comparisons

VALIDATION = re.compile(r"val|valid|validation|eval|evaluation|dev|test", re.IGNORECASE)
TRAINING = re.compile(r"train|training", re.IGNORECASE)
COUNTER = re.compile(
    r"(global_?|trainer_?)?(step|epoch|iter|iteration|batch)s?(_?(idx|num|count))?|lr|learning_rate|lr[-_].*",
    re.IGNORECASE,
)
SYSTEM = "system/"


class Charted(Protocol):
    @property
    def name(self) -> str:
        """The metric."""

    @property
    def group(self) -> str:
        """The section."""

    @property
    def time_only(self) -> bool:
        """Whether the metric has no steps."""


class Rank(IntEnum):
    """Classes of metrics, the first on top."""

    PRIMARY = 0
    CHOSEN = 1
    VALIDATION = 2
    TRAINING = 3
    OTHER = 4
    STEPLESS = 5
    COUNTER = 6
    SYSTEM = 7


Key = tuple[int, int]
T = TypeVar("T", bound=Charted)


def in_default_order(
    charts: Iterable[T], *, primary: Collection[str] = (), preferred: Sequence[str] = ()
) -> list[T]:
    """Return charts section by section.

    Sections are ordered by the best of their charts: primary metrics, metrics that runs are sorted or filtered by,
    validation, training, the rest, metrics without steps, counters such as the epoch, the machine.

    Args:
        primary: primary metrics of the runs.
        preferred: metrics that runs are sorted or filtered by, in order of importance.
    """
    all_charts = list(charts)
    keys = {chart.name: _key(chart, primary, preferred) for chart in all_charts}
    sections: dict[str, Key] = {}
    for chart in all_charts:
        sections[chart.group] = min(sections.get(chart.group, keys[chart.name]), keys[chart.name])

    def order(chart: T) -> tuple[Any, ...]:
        mine = keys[chart.name]
        return sections[chart.group], natural(chart.group), mine, natural(chart.name)

    return sorted(all_charts, key=order)


def metrics_of_list(order_by: Iterable[str], where: Node | None = None) -> list[str]:
    """Return the metrics that a list of runs is sorted by and filtered by, each once."""
    names = [metric[0] for key in order_by if (metric := metric_of(key.removeprefix("-")))]
    if where is not None:
        names += [
            comparison.field.name for comparison in comparisons(where) if comparison.field.kind is Kind.METRIC
        ]
    return list(dict.fromkeys(names))


def _key(chart: Charted, primary: Collection[str], preferred: Sequence[str]) -> Key:
    name = chart.name
    if name in primary:
        return Rank.PRIMARY, 0
    if name in preferred:
        return Rank.CHOSEN, list(preferred).index(name)
    if name.startswith(SYSTEM):
        return Rank.SYSTEM, 0
    if COUNTER.fullmatch(name.rpartition("/")[2]):
        return Rank.COUNTER, 0
    if chart.time_only:
        return Rank.STEPLESS, 0
    # `val/loss` and `val_loss` alike.
    first = re.split(r"[/_.\- ]", name, maxsplit=1)[0]
    if VALIDATION.fullmatch(first):
        return Rank.VALIDATION, 0
    return (Rank.TRAINING if TRAINING.fullmatch(first) else Rank.OTHER), 0
