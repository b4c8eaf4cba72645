"""Evaluation of an expression on runs from the indexes of tags, metrics, config values and columns alone.

Testing one run after another takes a look-up for each condition: 50 ms for 40,000 of 100,000 runs. An index returns
its keys at 80 ns each, and the keys of several conditions are combined in memory, one byte a run. An index is read
either by values (the keys of all runs for which the condition is true) or by runs (for given runs).

The newest few thousand runs serve as a sample that shows how often each condition, and all of them, are true:

- if many runs satisfy the expression, testing more of the newest runs finds enough of them;
- if few runs satisfy one condition, it is read by values, and the others are tested on these runs;
- otherwise all conditions are read by values, in parts, until enough is known.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce

from django.db import connection

from runs.models import Run, StorageRoot
from runs.query.key_masks import KeyArray, KeyRange, Mask, Numbers, keys_of
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.matching_rows import WITH_ROWS, live_runs, rows
from runs.store.lazy_numpy import np


class IndexedCondition:
    """One comparison, fetched by values in parts, or for given runs."""

    def __init__(self, root: StorageRoot, node: Comparison) -> None:
        self.field = "run" if node.field.kind in WITH_ROWS else "pk"
        by_value = rows(node) if self.field == "run" else live_runs(node)
        by_run = rows(node, by_run=True) if self.field == "run" else by_value
        self.by_value, self.by_run = by_value.filter(root=root), by_run.filter(root=root)
        self.keys = np.empty(0, np.int64)
        self.fetched, self.is_complete = 0, False
        self.share = 1.0
        """Share of the tested runs for which it is true."""

    def fetch(self, count: int | None) -> None:
        """Fetch keys by values until `count` are known, or all."""
        if self.is_complete:
            return
        keys = keys_of(self.by_value, self.field, slice(self.fetched, count))
        self.keys = np.concatenate((self.keys, keys))
        self.is_complete = count is None or len(keys) < count - self.fetched
        self.fetched += len(keys)

    def mask(self, runs: KeyArray | KeyRange, *, by_value: bool) -> Mask:
        """Return for which of `runs` it is true; by values, only the keys fetched so far count."""
        if self.is_complete or by_value:
            return runs.mask(self.keys)
        mask = runs.mask(keys_of(runs.narrow(self.by_run, self.field), self.field))
        self.share = float(mask.mean()) if len(mask) else 0.0
        return mask


COLUMNS = frozenset(
    {"project", "name", "status", "state", "created", "updated", "duration", "best_metric_value"}
)
"""Columns of a run that lead an index of the live runs of a root."""
SAMPLE = 4000
"""Number of newest runs that are tested first."""
FEW, FEW_SHARE = 40_000, 12
"""At most this number of runs, and this fraction of all, are tested one by one: about 1 µs each."""
PART = 20_000
"""Rows of an index in the first part that is read by values."""
MARGIN = 1.15
"""Factor by which more is read than the estimate."""
COSTS = {"sqlite": (35, 50, 80, 1000), "postgresql": (35, 110, 165, 2500)}
"""Nanoseconds to skip an entry of an index by runs, to fetch its key, to fetch one by values, and to test a run by its key."""


class Intersection:
    """Runs of a storage root that satisfy an expression.

    Args:
        node: an expression for which `can` is true.
        live: exclude runs in the recycle bin.
    """

    def __init__(self, root: StorageRoot, node: Node, *, live: bool) -> None:
        self.root, self.node, self.live = root, node, live
        self.leaves = {leaf: IndexedCondition(root, leaf) for leaf in comparisons(node)}
        with connection.cursor() as cursor:  # two subqueries, since SQLite scans the table for both at once
            cursor.execute("SELECT (SELECT MIN(id) FROM runs_run), (SELECT MAX(id) FROM runs_run)")
            first, last = cursor.fetchone()
        self.low: int = first or 0
        self.high: int = last + 1 if last else 0
        self.size = self.high - self.low
        """Upper bound of the number of runs."""
        self.share = 1.0
        """Share of the newest runs that satisfy the expression."""
        self.has_not = _has_not(node)
        self.deleted = keys_of(Run.objects.filter(root=root).exclude(deleted=None), "pk")

    def common(self, enough: int) -> tuple[Numbers, bool]:
        """Return keys of the runs, more than `enough` if there are so many, and whether these are all."""
        if self.size > 2 * SAMPLE:
            matching = self._newest(enough)
            if len(matching) > enough:
                return matching, False
        limit = min(FEW, self.size // FEW_SHARE)
        for leaf in self.leaves.values():
            if leaf.share * self.size <= 2 * limit:
                leaf.fetch(limit + 1)
        few = self._candidates(self.node)
        if few is not None and len(few) <= limit:
            runs = KeyRange(self.low, self.high)
            return self._true(KeyArray(runs.select(runs.mask(few)))), True
        return self._by_value(enough)

    def _candidates(self, node: Node) -> Numbers | None:
        """Return a superset of the keys; None if too many would have to be fetched."""
        if isinstance(node, Comparison):
            return self.leaves[node].keys if self.leaves[node].is_complete else None
        if isinstance(node, Not):
            return None
        candidates = [self._candidates(part) for part in node.nodes]
        key_arrays = [keys for keys in candidates if keys is not None]
        if isinstance(node, All):
            return min(key_arrays, key=len, default=None)
        return np.concatenate(key_arrays) if len(key_arrays) == len(candidates) else None

    def _newest(self, enough: int) -> Numbers:
        """Return the keys among the newest runs, extended to find `enough` if fetching by values is slower."""
        low = self.high - SAMPLE
        keys = self._true(KeyRange(low, self.high))
        self.share = max(len(keys), 1) / SAMPLE
        if rest := self._extra_runs(enough):
            keys = np.concatenate((self._true(KeyRange(low - rest, low)), keys))
        return keys

    def _extra_runs(self, enough: int) -> int:
        """Return how many runs beyond the sample to test to find `enough`; 0 if fetching by values is faster."""
        passed, fetched_by_run, fetched, _ = COSTS[connection.vendor]
        more = int(MARGIN * enough / self.share) - SAMPLE
        leaves, partial, part = self.leaves.values(), self._partial_conditions(), self._part(enough)
        by_runs = more * sum(passed + leaf.share * fetched_by_run for leaf in leaves)
        entries = [leaf.share * self.size for leaf in leaves if leaf not in partial]
        entries += [min(part, leaf.share * self.size) for leaf in partial]
        return max(0, more) if more < self.size - SAMPLE and by_runs < sum(entries) * fetched else 0

    def _part(self, enough: int) -> int:
        """Return how many entries of each partial condition probably have `enough` runs in common."""
        sizes = [max(leaf.share * self.size, 1.0) for leaf in self._partial_conditions()]
        part = PART
        while part < self.size:
            common = self.share * self.size * math.prod(min(1.0, part / size) for size in sizes)
            if common >= MARGIN * enough:
                break
            part += part // 5 + 1
        return part

    def _partial_conditions(self) -> list[IndexedCondition]:
        """Return the conditions that must all hold, so that a part of each yields a part of the runs."""
        nodes = self.node.nodes if isinstance(self.node, All) else (self.node,)
        once = {node for node, times in Counter(comparisons(self.node)).items() if times == 1}
        return [self.leaves[node] for node in nodes if node in once and not self.leaves[node].is_complete]

    def _by_value(self, enough: int) -> tuple[Numbers, bool]:
        """Fetch the conditions that must all hold in parts, in turns, and the others completely."""
        partial = self._partial_conditions()
        for leaf in self.leaves.values():
            if leaf not in partial:
                leaf.fetch(None)
        part = self._part(enough)
        while True:
            for leaf in partial:
                leaf.fetch(part)
            keys = self._true(self._key_space(), by_value=True)
            is_complete = all(leaf.is_complete for leaf in partial)
            if is_complete or len(keys) > enough:
                return keys, is_complete
            growth = MARGIN * (enough / max(len(keys), 1)) ** (1 / len(partial))
            part = int(part * min(max(growth, 1.5), 8))

    def _key_space(self) -> KeyArray | KeyRange:
        """Return the keys to test when everything is fetched by values; `not` needs the keys that exist."""
        nodes = self.node.nodes if isinstance(self.node, All) else (self.node,)
        keys = [self.leaves[node].keys for node in nodes if isinstance(node, Comparison)]
        if self.has_not and keys:
            return KeyArray(np.unique(min(keys, key=len)))
        return KeyRange(self.low, self.high)

    def _true(self, runs: KeyArray | KeyRange, *, by_value: bool = False) -> Numbers:
        mask = self._mask(self.node, runs, by_value)
        if self.has_not and isinstance(runs, KeyRange):
            mask &= self._existing_keys(runs, is_all=by_value)
        if self.live:
            mask &= ~runs.mask(self.deleted)
        return runs.select(mask)

    def _mask(self, node: Node, runs: KeyArray | KeyRange, by_value: bool) -> Mask:
        if isinstance(node, Comparison):
            return self._leaf_mask(self.leaves[node], runs, by_value)
        if isinstance(node, Not):
            return ~self._mask(node.node, runs, by_value)
        if isinstance(node, All) and isinstance(runs, KeyArray):
            return self._narrowing(node, runs, by_value)
        combine = np.logical_and if isinstance(node, All) else np.logical_or
        return reduce(combine, [self._mask(part, runs, by_value) for part in node.nodes])

    def _leaf_mask(self, leaf: IndexedCondition, runs: KeyArray | KeyRange, by_value: bool) -> Mask:
        if isinstance(runs, KeyArray) and not by_value:
            *_, fetched, tested = COSTS[connection.vendor]
            if leaf.share * self.size * fetched < len(runs.keys) * tested:
                leaf.fetch(None)
        return leaf.mask(runs, by_value=by_value)

    def _narrowing(self, node: All, runs: KeyArray, by_value: bool) -> Mask:
        """Test each part on the runs that passed the parts before, the most selective part first."""
        mask = ~runs.empty_mask()
        for part in sorted(node.nodes, key=self._share):
            mask[mask] = self._mask(part, KeyArray(runs.keys[mask]), by_value)
        return mask

    def _share(self, node: Node) -> float:
        return self.leaves[node].share if isinstance(node, Comparison) else 1.0

    def _existing_keys(self, runs: KeyRange, *, is_all: bool) -> Mask:
        live = Run.objects.live().filter(root=self.root)
        mask = runs.mask(keys_of(live if is_all else live.filter(pk__gte=runs.low, pk__lt=runs.high), "pk"))
        return mask | runs.mask(self.deleted)


def _has_not(node: Node) -> bool:
    if isinstance(node, All | Either):
        return any(_has_not(part) for part in node.nodes)
    return isinstance(node, Not)


def can(node: Node, *, live: bool) -> bool:
    """Return whether every comparison has an index; columns are indexed for live runs only."""
    return all(
        leaf.field.kind in WITH_ROWS or (live and leaf.field.name in COLUMNS and leaf.operator != "~")
        for leaf in comparisons(node)
    )
