"""Groups of runs by columns, config keys, tags, or as replicas, with statistics of their metrics."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from rest_framework.exceptions import ValidationError

from runicorn.store import layout
from runs.models import Run, RunParam, RunTag, StorageRoot
from runs.query import derived_metrics, replica_keys
from runs.query.analysis.column_cache import get_or_compute
from runs.query.analysis.metric_values import Floats, Ints, Quantity, values_of
from runs.query.matches import Matches
from runs.store.lazy_numpy import np

COLUMNS = {
    **{name: name for name in ("group", "project", "name", "status", "state", "owner")},
    "host": "hostname",
    "hostname": "hostname",
}
TAG, REPLICAS, CONFIG = "tag", "replicas", "config."
MOST_KEYS = 4
LONGEST = 300
FEW = 1000
MOST_COMPUTED = 48
"""Most columns and orders of the same groups that are remembered, those that were used last."""
STATISTICS = ("n", "mean", "std", "median", "min", "max")
T = TypeVar("T")
_lock = threading.Lock()


class UnknownGrouping(ValidationError):
    """Runs cannot be grouped by a key."""

    def __init__(self, key: str) -> None:
        allowed = ", ".join([*COLUMNS, TAG, REPLICAS, "config.<key>"])
        super().__init__({"by": [f"by must be one or more of {allowed}; not {key!r}"]})


def parse_keys(text: str) -> list[str]:
    """Split keys at their commas; config keys may contain commas.

    Raises:
        UnknownGrouping: a key is unknown, or there are more than `MOST_KEYS`.
    """
    keys: list[str] = []
    for part in text.split(","):
        if _is_key(part.strip()):
            keys.append(part.strip())
        elif keys and keys[-1].startswith(CONFIG):
            keys[-1] += f",{part}"
        else:
            raise UnknownGrouping(part.strip()[:100])
    if not 0 < len(keys) <= MOST_KEYS:
        raise UnknownGrouping(text[:100])
    return list(dict.fromkeys(keys))


def _is_key(key: str) -> bool:
    if key in COLUMNS or key in (TAG, REPLICAS):
        return True
    return key.startswith(CONFIG) and len(CONFIG) < len(key) <= LONGEST and "\0" not in key


@dataclass(frozen=True, slots=True)
class Membership:
    """Runs and their groups.

    Attributes:
        keys: primary keys of the runs, ascending.
        failed: whether each has failed.
        members: places in `keys`, group by group; a run with several tags is in several groups.
        starts: where each group begins in `members`.
        values: the values of the grouping keys, by group.
    """

    keys: Ints
    failed: Any
    members: Ints
    starts: Ints
    values: Sequence[tuple[Hashable, ...]]
    _computed: OrderedDict[Hashable, tuple[Any, float]] = field(default_factory=OrderedDict)

    def computed(self, name: Hashable, compute: Callable[[], T]) -> T:
        """Return `compute()`, which depends on these groups and on nothing that may change before they do."""
        with _lock:
            if cached := self._computed.get(name):
                self._computed.move_to_end(name)
                existing: T = cached[0]
                return existing
        began = time.monotonic()
        value = compute()
        with _lock:
            self._computed[name] = value, time.monotonic() - began
            while len(self._computed) > MOST_COMPUTED:
                self._computed.popitem(last=False)
        return value

    @property
    def seconds(self) -> float:
        """Return how long it took to compute what depends on these groups."""
        with _lock:
            return sum(seconds for _, seconds in self._computed.values())

    def index(self) -> dict[tuple[Hashable, ...], int]:
        """Return the groups by the values of their keys."""
        return self.computed("index", lambda: {values: at for at, values in enumerate(self.values)})

    def __len__(self) -> int:
        return len(self.values)

    @property
    def sizes(self) -> Ints:
        """Return the number of members of each group."""
        sizes: Ints = np.diff(np.append(self.starts, len(self.members)))
        return sizes

    def places(self, group: int) -> Ints:
        """Return the places of the members of a group."""
        return self.members[self.starts[group] : self.starts[group] + self.sizes[group]]


def run_ids(root: StorageRoot, keys: Iterable[int]) -> dict[int, str]:
    """Return the ids of runs by their primary keys."""
    listed = list(keys)
    by_key: dict[int, str] = {}
    for start in range(0, len(listed), FEW):
        rows = Run.objects.filter(root=root, pk__in=listed[start : start + FEW])
        by_key.update(rows.values_list("pk", "run_id"))
    return by_key


class Statistics(NamedTuple):
    """Statistics of one metric by group: number of finite values, mean, spread (NaN below two), median, extremes."""

    n: Ints
    mean: Floats
    std: Floats
    median: Floats
    min: Floats
    max: Floats


def group(matches: Matches, by: Sequence[str]) -> Membership:
    """Return the groups of runs; groups with equal values of their keys are one."""
    if REPLICAS in by:
        replica_keys.fill(matches.root, matches.runs)
    try:
        statement = str(matches.runs.query)
    except EmptyResultSet:  # Django knows that nothing can match
        statement = ""
    return get_or_compute(matches.root, (statement, *by), lambda: _group(matches, by))


def _group(matches: Matches, by: Sequence[str]) -> Membership:
    columns = [COLUMNS[key] for key in by if key in COLUMNS]
    columns += ["project", "replica_key"] if REPLICAS in by else []
    # Without columns an index is read, and no row.
    rows = list(matches.runs.order_by("pk").values_list("pk", *columns))
    keys: Ints = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    by_column = {column: 1 + place for place, column in enumerate(columns)}
    values: list[list[Any]] = []
    for key in by:
        if key in COLUMNS:
            place = by_column[COLUMNS[key]]
            values.append([row[place] or None for row in rows])
        elif key == REPLICAS:
            project, replica_key = by_column["project"], by_column["replica_key"]
            # A run of which too little is known is alone.
            values.append(
                [f"{row[project]}/{row[replica_key]}" if row[replica_key] else row[0] for row in rows]
            )
        else:
            values.append(_params(matches.root, key, keys) if key != TAG else [None] * len(rows))
    members, codes, groups = _encoded(matches.root, by, keys, values)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(groups)))
    failed = matches.runs.filter(status=layout.FAILED).order_by().values_list("pk", flat=True)
    return Membership(
        keys,
        np.isin(keys, np.fromiter(failed, np.int64)),
        members[order],
        starts.astype(np.int64),
        groups,
    )


def _encoded(
    root: StorageRoot, by: Sequence[str], keys: Ints, values: list[list[Any]]
) -> tuple[Ints, Ints, list[tuple[Hashable, ...]]]:
    """Return places of members, the number of the group of each, and the values of the groups."""
    members: Ints = np.arange(len(keys))
    if TAG in by:
        members, tags = _tags(root, keys)
        values = [
            tags if key == TAG else [column[place] for place in members.tolist()]
            for key, column in zip(by, values, strict=True)
        ]
    index: dict[tuple[Hashable, ...], int] = {}
    codes = [index.setdefault(row, len(index)) for row in zip(*values, strict=True)]
    return members, np.array(codes, dtype=np.int64), list(index)


def _params(root: StorageRoot, key: str, keys: Ints) -> list[Any]:
    """Return the value of a config key of each run: a number, or text; None if it is missing or null."""
    # As conditions have it: `is null` matches runs without the key and those that store null.
    rows = RunParam.objects.filter(root=root, key=key.removeprefix(CONFIG)).exclude(number=None, text="null")
    if len(keys) <= FEW:
        rows = rows.filter(run__in=keys.tolist())
    by_run = {
        run: text if number is None else number
        for run, number, text in rows.order_by().values_list("run_id", "number", "text")
    }
    return list(map(by_run.get, keys.tolist()))


def _tags(root: StorageRoot, keys: Ints) -> tuple[Ints, list[Any]]:
    """Return a place for each tag of each run, or once with None, and the tags."""
    rows = RunTag.objects.filter(root=root)
    if len(keys) <= FEW:
        rows = rows.filter(run__in=keys.tolist())
    places = {run: place for place, run in enumerate(keys.tolist())}
    pairs: list[tuple[int, str | None]] = [
        (places[run], tag) for run, tag in rows.order_by().values_list("run_id", "tag") if run in places
    ]
    tagged = {place for place, _ in pairs}
    pairs += [(place, None) for place in range(len(keys)) if place not in tagged]
    pairs.sort(key=lambda pair: pair[0])
    return np.array([place for place, _ in pairs], dtype=np.int64), [tag for _, tag in pairs]


def metric_statistics(root: StorageRoot, membership: Membership, quantity: Quantity) -> Statistics:
    """Return the statistics of a metric by group."""
    derived_metrics.prepare(root, {quantity.name})
    return membership.computed(
        quantity[1:], lambda: statistics(membership, values_of(root, quantity, membership.keys))
    )


def statistics(membership: Membership, values: Floats) -> Statistics:
    """Return the statistics of one metric by group.

    Args:
        values: of each run of `membership.keys`, NaN without one.
    """
    of_members = values[membership.members]
    codes = np.repeat(np.arange(len(membership)), membership.sizes)
    finite = np.isfinite(of_members)
    of_members, codes = of_members[finite], codes[finite]
    order = np.lexsort((of_members, codes))
    of_members, codes = of_members[order], codes[order]
    count = np.bincount(codes, minlength=len(membership))
    ends = np.cumsum(count)
    starts = ends - count
    has_any = count > 0
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.bincount(codes, of_members, len(membership)) / np.maximum(count, 1)
        if not np.isfinite(mean).all():  # divided first: a sum exceeds the largest float
            shares = of_members / np.maximum(count, 1)[codes]
            mean = np.bincount(codes, shares, len(membership)).astype(np.float64)
        shifts = of_members - mean[codes]
        squares = np.bincount(codes, shifts**2, len(membership))
        std = np.sqrt(squares / np.maximum(count - 1, 1))
        if not np.isfinite(std).all():  # divided first: squares exceed the largest float
            largest = np.ones(len(membership))
            np.maximum.at(largest, codes, np.abs(shifts))
            squares = np.bincount(codes, (shifts / largest[codes]) ** 2, len(membership))
            std = np.sqrt(squares / np.maximum(count - 1, 1)) * largest

    def at(places: Any) -> Floats:
        picked: Floats = np.full(len(membership), np.nan)
        picked[has_any] = of_members[places[has_any]]
        return picked

    middle = (at(starts + (count - 1) // 2), at(starts + count // 2))
    return Statistics(
        count,
        np.where(has_any, mean, np.nan),
        np.where(count > 1, std, np.nan),
        middle[0] / 2 + middle[1] / 2,
        at(starts),
        at(ends - 1),
    )


def metric_of(order: str) -> str:
    """Return the metric by which `order` sorts groups; empty if it sorts by none."""
    name = order.removeprefix("-")
    return name.removeprefix("metric.").rpartition(".")[0] if name.startswith("metric.") else ""


def ordered(membership: Membership, order: str, statistics_by_metric: Mapping[str, Statistics]) -> list[int]:
    """Return the groups in an order; those without the value last.

    Args:
        order: `metric.<name>.<statistic>`, `n`, `failed` or `key`; descending with a leading minus.

    Raises:
        ValidationError: it is unknown.
    """
    name, desc = order.removeprefix("-"), order.startswith("-")
    if name == "key":
        places = sorted(
            range(len(membership)), key=lambda at: [natural(value) for value in membership.values[at]]
        )
        return places[::-1] if desc else places
    if name == "n":
        values: Any = membership.sizes.astype(float)
    elif name == "failed":
        values = failures(membership).astype(float)
    else:
        metric, statistic = metric_of(order), name.rpartition(".")[2]
        if metric not in statistics_by_metric or statistic not in STATISTICS:
            allowed = f"key, n, failed, metric.<name>.{'|'.join(STATISTICS)}"
            raise ValidationError({"order_by": [f"order_by must be one of {allowed}; not {order[:300]!r}"]})
        values = getattr(statistics_by_metric[metric], statistic).astype(float)
    missing = ~np.isfinite(values)
    order_of = np.lexsort((np.where(missing, 0, -values if desc else values), missing))
    sorted_places: list[int] = order_of.tolist()
    return sorted_places


def failures(membership: Membership) -> Ints:
    """Return the number of failed runs of each group."""
    return membership.computed("failures", lambda: _failures(membership))


def _failures(membership: Membership) -> Ints:
    codes = np.repeat(np.arange(len(membership)), membership.sizes)
    counts: Ints = np.bincount(codes[membership.failed[membership.members]], minlength=len(membership))
    return counts


def natural(value: Any) -> tuple[int, float, str]:
    """Return a key that sorts numbers before text, and missing values last."""
    if value is None:
        return 2, 0.0, ""
    return (0, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))
