"""Runs for which one comparison of `where` is true, from its indexes."""

from __future__ import annotations

import numpy as np

from runs.models import StorageRoot
from runs.query.key_masks import KeyArray, KeyRange, Mask, keys_of
from runs.query.where.ast import Comparison
from runs.query.where.matching_rows import WITH_ROWS, live_runs, rows


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
        found = keys_of(self.by_value, self.field, slice(self.fetched, count))
        self.keys = np.concatenate((self.keys, found))
        self.is_complete = count is None or len(found) < count - self.fetched
        self.fetched += len(found)

    def mask(self, runs: KeyArray | KeyRange, *, by_value: bool) -> Mask:
        """Return for which of `runs` it is true; by values, only the keys fetched so far count."""
        if self.is_complete or by_value:
            return runs.mask(self.keys)
        mask = runs.mask(keys_of(runs.narrow(self.by_run, self.field), self.field))
        self.share = float(mask.mean()) if len(mask) else 0.0
        return mask
