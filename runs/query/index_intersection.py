"""Which runs an expression is true for, found from the indexes of tags, metrics, config values and columns alone.

To test run after run costs a look-up for each condition: 50 ms for 40,000 of 100,000 runs. An index hands out its keys
at 80 ns each, and what several of them say together is found in memory, by one byte for each run. An index can be
read by values (what the condition is true for, of all runs) or by runs (of some runs, the newest). The newest few
thousand tell how often each condition is true, and all together; the rest follows from that. When many runs satisfy the
expression, more of the newest are enough. A condition that is true for few runs is read by values, and the others are
asked about these few. Otherwise all are read by values, a part at a time until enough is known.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Aggregate, Max, Min, QuerySet, TextField

from runs.models import Run, StorageRoot
from runs.query.key_sets import Keys
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.matching_rows import WITH_ROWS, Unindexed, live_runs, rows

COLUMNS = frozenset({"project", "name", "status", "created", "updated", "duration", "best_metric_value"})
"""Columns of a run that lead an index of the live runs of a root."""
SAMPLE = 4000
"""The newest runs, which are read first."""
FEW, FEW_SHARE = 40_000, 12
"""So many runs at most, and one of so many, are asked about one by one: about 1 µs each."""
PART = 20_000
"""How many rows of an index are read by values before it is seen whether that is enough; then as many as it takes."""
MARGIN = 1.15
"""How much more is read than what should be enough."""
PASSED, TAKEN_BY_RUN, TAKEN = 35, 50, 80
"""Nanoseconds to pass over an entry of an index by runs, to take its key then, and to read one by values."""

WIDEST = 20_000_000

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class KeyList(Aggregate):
    """The keys of all rows as one text: a tenth of what it costs to be handed a row for each."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """The same under another name."""
        return self.as_sql(compiler, connection, template="STRING_AGG((%(expressions)s)::text, ',')", **extra)


class Among:
    """Some runs, by their keys in order."""

    def __init__(self, keys: Numbers) -> None:
        self.keys = keys

    def narrow(self, asked: QuerySet[Any], field: str) -> QuerySet[Any]:
        """The rows of these runs."""
        name = "pk__among" if field == "pk" else f"{field}__pk__among"
        return asked.filter(**{name: Keys(self.keys.tolist())})

    def mask(self, keys: Numbers) -> Mask:
        """Which of these runs are among the keys."""
        # A byte for each key in the range takes a third of the time of sorting them.
        is_dense = len(keys) > 0 and int(keys.max() - keys.min()) < WIDEST
        return np.isin(self.keys, keys, kind="table" if is_dense else None)

    def none(self) -> Mask:
        """A mask without any of them."""
        return np.zeros(len(self.keys), np.bool_)

    def chosen(self, mask: Mask) -> Numbers:
        """The keys of those in the mask."""
        return self.keys[mask]


class Span:
    """All runs with keys from `low` up to, without, `high`."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def narrow(self, asked: QuerySet[Any], field: str) -> QuerySet[Any]:
        """The rows of these runs."""
        if field == "pk":  # as a hint not to walk the table, whose rows are long
            asked, field = asked.alias(key_of_run=Unindexed("pk")), "key_of_run"
        return asked.filter(**{f"{field}__gte": self.low, f"{field}__lt": self.high})

    def mask(self, keys: Numbers) -> Mask:
        """Which of these runs are among the keys."""
        found = self.none()
        inside = keys[(keys >= self.low) & (keys < self.high)]
        found[inside - self.low] = True
        return found

    def none(self) -> Mask:
        """A mask without any of them."""
        return np.zeros(self.high - self.low, np.bool_)

    def chosen(self, mask: Mask) -> Numbers:
        """The keys of those in the mask."""
        return np.flatnonzero(mask) + self.low


class Leaf:
    """What one comparison is true for: read by values as far as was asked, or of some runs."""

    def __init__(self, root: StorageRoot, node: Comparison) -> None:
        self.field = "run" if node.field.kind in WITH_ROWS else "pk"
        by_value = rows(node) if self.field == "run" else live_runs(node)
        by_run = rows(node, by_run=True) if self.field == "run" else by_value
        self.by_value, self.by_run = by_value.filter(root=root), by_run.filter(root=root)
        self.keys = np.empty(0, np.int64)
        self.read, self.is_whole = 0, False
        self.share = 1.0
        """For how many of the runs that were asked about it is true."""

    def read_if_below(self, most: int) -> None:
        """Read all of it if these are not more rows."""
        if self.by_value.order_by().values("pk")[: most + 1].count() <= most:
            self.read_up_to(None)

    def read_up_to(self, count: int | None) -> None:
        """Read by values until `count` rows are known, or all."""
        if self.is_whole:
            return
        found = _keys(self.by_value, self.field, slice(self.read, count))
        self.keys = np.concatenate((self.keys, found))
        self.is_whole = count is None or len(found) < count - self.read
        self.read += len(found)

    def mask(self, place: Among | Span, *, by_value: bool) -> Mask:
        """For which of these runs it is true, as far as it is known when it is read by values."""
        if self.is_whole or by_value:
            return place.mask(self.keys)
        mask = place.mask(_keys(place.narrow(self.by_run, self.field), self.field))
        self.share = float(mask.mean()) if len(mask) else 0.0
        return mask


class Crossing:
    """An expression over the runs of a root.

    Args:
        root: whose runs.
        node: the expression; `can` has to be true of it.
        live: without the runs in the recycle bin.
    """

    def __init__(self, root: StorageRoot, node: Node, *, live: bool) -> None:
        self.root, self.node, self.live = root, node, live
        self.leaves = {leaf: Leaf(root, leaf) for leaf in comparisons(node)}
        first, last = Run.objects.aggregate(key=Min("pk"))["key"], Run.objects.aggregate(key=Max("pk"))["key"]
        self.low, self.high = (first, last + 1) if last else (0, 0)
        self.size = self.high - self.low
        """How many runs there are, at most."""
        self.has_not = _has_not(node)
        self.deleted = _keys(Run.objects.filter(root=root).exclude(deleted=None), "pk")

    def common(self, enough: int) -> tuple[Numbers, bool]:
        """The keys of the runs for which it is true, and whether these are all: not needed beyond `enough`."""
        if self.size > 2 * SAMPLE:
            found = self._newest(enough)
            if len(found) > enough:
                return found, False
        most = min(FEW, self.size // FEW_SHARE)
        for leaf in self.leaves.values():
            if leaf.share * self.size <= 2 * most:
                leaf.read_if_below(most)
        few = self._candidates(self.node)
        if few is not None and len(few) <= most:
            return self._true(Among(np.unique(few))), True
        return self._by_value(enough)

    def _candidates(self, node: Node) -> Numbers | None:
        """Keys of runs among which are all for which it is true; None where too many would have to be read."""
        if isinstance(node, Comparison):
            return self.leaves[node].keys if self.leaves[node].is_whole else None
        if isinstance(node, Not):
            return None
        found = [self._candidates(part) for part in node.nodes]
        known = [keys for keys in found if keys is not None]
        if isinstance(node, All):
            return min(known, key=len, default=None)
        return np.concatenate(known) if len(known) == len(found) else None

    def _newest(self, enough: int) -> Numbers:
        """Keys found among the newest runs: among as many as make enough, when all values would cost more."""
        low = self.high - SAMPLE
        found = self._true(Span(low, self.high))
        if rest := self._worth_reading(len(found), enough):
            found = np.concatenate((self._true(Span(low - rest, low)), found))
        return found

    def _worth_reading(self, found: int, enough: int) -> int:
        """How many more runs than the sample to read, so that enough are found; none when values cost less."""
        more = int(MARGIN * SAMPLE * enough / max(found, 1)) - SAMPLE
        leaves = self.leaves.values()
        by_runs = more * sum(PASSED + leaf.share * TAKEN_BY_RUN for leaf in leaves)
        by_values = sum(leaf.share for leaf in leaves) * self.size * TAKEN
        if count := len(self._parted()):
            expected = max(found, 1) * self.size / SAMPLE
            by_values *= min(1.0, enough / expected) ** (1 / count)
        return max(0, more) if more < self.size - SAMPLE and by_runs < by_values else 0

    def _parted(self) -> list[Leaf]:
        """The conditions of which a part is enough to find a part of the runs: all of them have to be true."""
        needed = self.node.nodes if isinstance(self.node, All) else (self.node,)
        once = {node for node, times in Counter(comparisons(self.node)).items() if times == 1}
        return [self.leaves[node] for node in needed if node in once and not self.leaves[node].is_whole]

    def _by_value(self, enough: int) -> tuple[Numbers, bool]:
        """Read conditions that all have to be true in turns, a part at a time, and the others as a whole."""
        parted = self._parted()
        for leaf in self.leaves.values():
            if leaf not in parted:
                leaf.read_up_to(None)
        part = PART
        while True:
            for leaf in parted:
                leaf.read_up_to(part)
            found = self._true(self._place(), by_value=True)
            is_complete = all(leaf.is_whole for leaf in parted)
            if is_complete or len(found) > enough:
                return found, is_complete
            growth = MARGIN * (enough / max(len(found), 1)) ** (1 / len(parted))
            part = int(part * min(max(growth, 1.5), 8))

    def _place(self) -> Among | Span:
        """Where to look for what is true when all is read by values: an opposite needs to know what runs there are."""
        needed = self.node.nodes if isinstance(self.node, All) else (self.node,)
        keys = [self.leaves[node].keys for node in needed if isinstance(node, Comparison)]
        if self.has_not and keys:
            return Among(np.unique(min(keys, key=len)))
        return Span(self.low, self.high)

    def _true(self, place: Among | Span, *, by_value: bool = False) -> Numbers:
        mask = self._mask(self.node, place, by_value)
        if self.has_not and isinstance(place, Span):
            mask &= self._existing(place, is_all=by_value)
        if self.live:
            mask &= ~place.mask(self.deleted)
        return place.chosen(mask)

    def _mask(self, node: Node, place: Among | Span, by_value: bool) -> Mask:
        if isinstance(node, Comparison):
            return self.leaves[node].mask(place, by_value=by_value)
        if isinstance(node, Not):
            return ~self._mask(node.node, place, by_value)
        if isinstance(node, All) and isinstance(place, Among):
            return self._narrowing(node, place, by_value)
        masks = (self._mask(part, place, by_value) for part in node.nodes)
        return (
            np.logical_and.reduce(list(masks)) if isinstance(node, All) else np.logical_or.reduce(list(masks))
        )

    def _narrowing(self, node: All, place: Among, by_value: bool) -> Mask:
        """Ask about the runs for which all was true so far, what leaves the fewest first."""
        mask = ~place.none()
        for part in sorted(node.nodes, key=self._share):
            mask[mask] = self._mask(part, Among(place.keys[mask]), by_value)
        return mask

    def _share(self, node: Node) -> float:
        return self.leaves[node].share if isinstance(node, Comparison) else 1.0

    def _existing(self, place: Span, *, is_all: bool) -> Mask:
        """Which of the keys are those of runs of the root."""
        live = Run.objects.live().filter(root=self.root)
        found = place.mask(_keys(live if is_all else live.filter(pk__gte=place.low, pk__lt=place.high), "pk"))
        return found | place.mask(self.deleted)


def _keys(asked: QuerySet[Any], field: str, part: slice | None = None) -> Numbers:
    wanted = asked.order_by().values(field)
    if part is not None and part != slice(0, None):
        wanted = wanted[part]
    text = wanted.aggregate(keys=KeyList(field))["keys"]
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64)


def _has_not(node: Node) -> bool:
    if isinstance(node, All | Either):
        return any(_has_not(part) for part in node.nodes)
    return isinstance(node, Not)


def can(node: Node, *, live: bool) -> bool:
    """Whether every comparison of the expression has an index; those of columns have one of live runs."""
    return all(
        leaf.field.kind in WITH_ROWS or (live and leaf.field.name in COLUMNS) for leaf in comparisons(node)
    )
