"""Find the runs that satisfy an expression from the indexes of tags, metrics, config values and columns alone.

Testing one run after another takes a look-up for each condition: 50 ms for 40,000 of 100,000 runs. An index returns
its keys at 80 ns each, and the keys of several conditions are combined in memory, one byte a run. An index is read
either by values (the keys of all runs for which the condition is true) or by runs (for given runs).

The newest few thousand runs serve as a sample that shows how often each condition, and all of them, are true:

- if many runs satisfy the expression, testing more of the newest runs finds enough of them;
- if few runs satisfy one condition, it is read by values, and the others are tested on these runs;
- otherwise all conditions are read by values, in parts, until enough is known.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from django.db.models import Max, Min

from runs.models import Run, StorageRoot
from runs.query.indexed_condition import IndexedCondition
from runs.query.key_masks import KeyArray, KeyRange, Mask, Numbers, keys_of
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.matching_rows import WITH_ROWS

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
PASSED, FETCHED_BY_RUN, FETCHED = 35, 50, 80
"""Nanoseconds to skip an entry of an index by runs, to fetch its key, and to fetch one by values."""


class Intersection:
    """Runs of a storage root that satisfy an expression.

    Args:
        node: an expression for which `can` is true.
        live: exclude runs in the recycle bin.
    """

    def __init__(self, root: StorageRoot, node: Node, *, live: bool) -> None:
        self.root, self.node, self.live = root, node, live
        self.leaves = {leaf: IndexedCondition(root, leaf) for leaf in comparisons(node)}
        first, last = Run.objects.aggregate(key=Min("pk"))["key"], Run.objects.aggregate(key=Max("pk"))["key"]
        self.low: int = first or 0
        self.high: int = last + 1 if last else 0
        self.size = self.high - self.low
        """Upper bound of the number of runs."""
        self.has_not = _has_not(node)
        self.deleted = keys_of(Run.objects.filter(root=root).exclude(deleted=None), "pk")

    def common(self, enough: int) -> tuple[Numbers, bool]:
        """Return keys of the runs, more than `enough` if there are so many, and whether these are all."""
        if self.size > 2 * SAMPLE:
            found = self._newest(enough)
            if len(found) > enough:
                return found, False
        most = min(FEW, self.size // FEW_SHARE)
        for leaf in self.leaves.values():
            if leaf.share * self.size <= 2 * most:
                leaf.fetch_if_at_most(most)
        few = self._candidates(self.node)
        if few is not None and len(few) <= most:
            return self._true(KeyArray(np.unique(few))), True
        return self._by_value(enough)

    def _candidates(self, node: Node) -> Numbers | None:
        """Return a superset of the keys; None if too many would have to be fetched."""
        if isinstance(node, Comparison):
            return self.leaves[node].keys if self.leaves[node].is_complete else None
        if isinstance(node, Not):
            return None
        found = [self._candidates(part) for part in node.nodes]
        known = [keys for keys in found if keys is not None]
        if isinstance(node, All):
            return min(known, key=len, default=None)
        return np.concatenate(known) if len(known) == len(found) else None

    def _newest(self, enough: int) -> Numbers:
        """Return the keys among the newest runs, extended to find `enough` if fetching by values is slower."""
        low = self.high - SAMPLE
        found = self._true(KeyRange(low, self.high))
        if rest := self._extra_runs(len(found), enough):
            found = np.concatenate((self._true(KeyRange(low - rest, low)), found))
        return found

    def _extra_runs(self, found: int, enough: int) -> int:
        """Return how many runs beyond the sample to test to find `enough`; 0 if fetching by values is faster."""
        more = int(MARGIN * SAMPLE * enough / max(found, 1)) - SAMPLE
        leaves = self.leaves.values()
        by_runs = more * sum(PASSED + leaf.share * FETCHED_BY_RUN for leaf in leaves)
        partial = self._partial_conditions()
        expected = max(found, 1) * self.size / SAMPLE
        part = min(1.0, enough / expected) ** (1 / len(partial)) if partial else 1.0
        shares = sum(leaf.share * (part if leaf in partial else 1.0) for leaf in leaves)
        by_values = shares * self.size * FETCHED
        return max(0, more) if more < self.size - SAMPLE and by_runs < by_values else 0

    def _partial_conditions(self) -> list[IndexedCondition]:
        """Return the conditions that must all hold, so that a part of each yields a part of the runs."""
        needed = self.node.nodes if isinstance(self.node, All) else (self.node,)
        once = {node for node, times in Counter(comparisons(self.node)).items() if times == 1}
        return [self.leaves[node] for node in needed if node in once and not self.leaves[node].is_complete]

    def _by_value(self, enough: int) -> tuple[Numbers, bool]:
        """Fetch the conditions that must all hold in parts, in turns, and the others completely."""
        partial = self._partial_conditions()
        for leaf in self.leaves.values():
            if leaf not in partial:
                leaf.fetch(None)
        part = PART
        while True:
            for leaf in partial:
                leaf.fetch(part)
            found = self._true(self._key_space(), by_value=True)
            is_complete = all(leaf.is_complete for leaf in partial)
            if is_complete or len(found) > enough:
                return found, is_complete
            growth = MARGIN * (enough / max(len(found), 1)) ** (1 / len(partial))
            part = int(part * min(max(growth, 1.5), 8))

    def _key_space(self) -> KeyArray | KeyRange:
        """Return the keys to test when everything is fetched by values; `not` needs the keys that exist."""
        needed = self.node.nodes if isinstance(self.node, All) else (self.node,)
        keys = [self.leaves[node].keys for node in needed if isinstance(node, Comparison)]
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
            return self.leaves[node].mask(runs, by_value=by_value)
        if isinstance(node, Not):
            return ~self._mask(node.node, runs, by_value)
        if isinstance(node, All) and isinstance(runs, KeyArray):
            return self._narrowing(node, runs, by_value)
        combine = np.logical_and if isinstance(node, All) else np.logical_or
        combined: Mask = combine.reduce([self._mask(part, runs, by_value) for part in node.nodes])
        return combined

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
        found = runs.mask(keys_of(live if is_all else live.filter(pk__gte=runs.low, pk__lt=runs.high), "pk"))
        return found | runs.mask(self.deleted)


def _has_not(node: Node) -> bool:
    if isinstance(node, All | Either):
        return any(_has_not(part) for part in node.nodes)
    return isinstance(node, Not)


def can(node: Node, *, live: bool) -> bool:
    """Return whether every comparison has an index; columns are indexed for live runs only."""
    return all(
        leaf.field.kind in WITH_ROWS or (live and leaf.field.name in COLUMNS) for leaf in comparisons(node)
    )
