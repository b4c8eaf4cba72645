"""Downsampling of rows: first and last, and the extremes of every metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.query.downsample import evenly
from metrics.store.columns import Floats, Index, Ints
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class Choice:
    """Ascending positions of rows; `complete` is false if not every extreme fits."""

    at: Index
    complete: bool


class RowSampler:
    """Sees all rows block by block, and records where each metric is high and low.

    Every metric gets an equal share of the rows: the extremes of each of its intervals of the run. Memory grows with the
    number of requested rows, not with the rows seen.
    """

    def __init__(self, names: Sequence[str], total: int, limit: int) -> None:
        """`names` are the numeric metrics; `limit` of the `total` rows are chosen, at least 2."""
        self._names, self._total, self._limit = list(names), total, limit
        self._complete = 2 * len(self._names) + 2 <= limit
        self._buckets = max(1, (limit - 2) // max(1, 2 * len(self._names)))
        self._lowest = {name: _Peaks(self._buckets, 1.0) for name in self._names}
        self._highest = {name: _Peaks(self._buckets, -1.0) for name in self._names}

    def see(self, name: str, at: Ints, numbers: Floats) -> None:
        """Add values of a metric at ascending positions, after those added before."""
        finite = np.isfinite(numbers)
        at, numbers = at[finite], numbers[finite]
        buckets = at * self._buckets // self._total
        self._lowest[name].see(buckets, at, numbers)
        self._highest[name].see(buckets, at, numbers)

    def choose(self) -> Choice:
        """Return the rows: both ends, the global extremes, those of intervals, and others evenly spaced."""
        rows = dict.fromkeys([0, self._total - 1])
        for name in self._names:
            for peaks in (self._lowest[name], self._highest[name]):
                rows |= dict.fromkeys(peaks.all() if self._complete else peaks.best())
        if not self._complete:
            return Choice(np.array(sorted(list(rows)[: self._limit]), dtype=np.intp), complete=False)
        rows |= dict.fromkeys(evenly(self._total, self._limit - len(rows)).tolist())
        return Choice(np.array(sorted(rows), dtype=np.intp), complete=True)


class _Peaks:
    """The lowest value of each interval (or, negated, the highest) and its first position."""

    def __init__(self, buckets: int, sign: float) -> None:
        self._sign = sign
        self._value = np.full(buckets, np.inf)
        self._at = np.full(buckets, -1, dtype=np.int64)

    def see(self, buckets: Ints, at: Ints, numbers: Floats) -> None:
        depths = numbers * self._sign
        # Stable: of equal values in an interval the first is kept.
        order = np.lexsort((depths, buckets))
        first = order[np.flatnonzero(np.diff(buckets[order], prepend=-1))]
        better = first[depths[first] < self._value[buckets[first]]]
        self._value[buckets[better]], self._at[buckets[better]] = depths[better], at[better]

    def best(self) -> list[int]:
        """Return the position of the lowest value, or nothing if all are missing."""
        at = int(self._at[self._value.argmin()])
        return [at] if at >= 0 else []

    def all(self) -> list[int]:
        """Return the positions of the lowest values of all intervals."""
        positions: list[int] = self._at[self._at >= 0].tolist()
        return positions
