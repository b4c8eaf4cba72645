"""A few rows that stand for all: first and last, and the highest and lowest of every metric among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.query.downsample import evenly
from metrics.store.columns import Floats, Index, Ints


@dataclass(frozen=True, slots=True)
class Choice:
    """Positions of rows, ascending; `complete` is False where there was no room for every extreme."""

    at: Index
    complete: bool


class RowSampler:
    """Sees all rows go by, block after block, and keeps where each metric is high and low.

    Every metric gets an equal share of the rows: in each of its stretches of the run the lowest and the highest.
    Memory grows with the rows asked for, not with the rows seen.
    """

    def __init__(self, names: Sequence[str], total: int, wanted: int) -> None:
        """`names` are the metrics with numbers; `wanted` is how many of the `total` rows to choose, at least 2."""
        self._names, self._total, self._wanted = list(names), total, wanted
        self._complete = 2 * len(self._names) + 2 <= wanted
        self._buckets = max(1, (wanted - 2) // max(1, 2 * len(self._names)))
        self._lowest = {name: _Peaks(self._buckets, 1.0) for name in self._names}
        self._highest = {name: _Peaks(self._buckets, -1.0) for name in self._names}

    def see(self, name: str, at: Ints, numbers: Floats) -> None:
        """Values of a metric, at ascending positions that come after those seen before."""
        finite = np.isfinite(numbers)
        at, numbers = at[finite], numbers[finite]
        buckets = at * self._buckets // self._total
        self._lowest[name].see(buckets, at, numbers)
        self._highest[name].see(buckets, at, numbers)

    def choose(self) -> Choice:
        """The rows: the ends, the extremes of all, those of stretches, and others evenly between."""
        chosen = dict.fromkeys([0, self._total - 1])
        for name in self._names:
            for peaks in (self._lowest[name], self._highest[name]):
                chosen |= dict.fromkeys(peaks.all() if self._complete else peaks.best())
        if not self._complete:
            return Choice(np.array(sorted(list(chosen)[: self._wanted]), dtype=np.intp), complete=False)
        chosen |= dict.fromkeys(evenly(self._total, self._wanted - len(chosen)).tolist())
        return Choice(np.array(sorted(chosen), dtype=np.intp), complete=True)


class _Peaks:
    """For each stretch the lowest value (or, turned around, the highest) and where it was first."""

    def __init__(self, buckets: int, sign: float) -> None:
        self._sign = sign
        self._value = np.full(buckets, np.inf)
        self._at = np.full(buckets, -1, dtype=np.int64)

    def see(self, buckets: Ints, at: Ints, numbers: Floats) -> None:
        depths = numbers * self._sign
        # Stable: of equal values in a stretch the first stays first.
        order = np.lexsort((depths, buckets))
        first = order[np.flatnonzero(np.diff(buckets[order], prepend=-1))]
        better = first[depths[first] < self._value[buckets[first]]]
        self._value[buckets[better]], self._at[buckets[better]] = depths[better], at[better]

    def best(self) -> list[int]:
        """Return the position of the lowest value, or nothing if all are missing."""
        at = int(self._at[self._value.argmin()])
        return [at] if at >= 0 else []

    def all(self) -> list[int]:
        """The positions of the lowest of every stretch."""
        seen: list[int] = self._at[self._at >= 0].tolist()
        return seen
