"""Common columns along x, and the value of each of many curves in each of them.

A curve has the mean of its finite points in a column. Between two columns with points it is interpolated linearly, as a
chart draws it; before its first and after its last column it has no value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from metrics.store.columns import Floats
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Table: TypeAlias = "NDArray[np.float32]"
"""A row per curve, a value per column, NaN without one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of equal width; a column includes its lower edge.

    Attributes:
        first: number of the first column, which begins at `first * width`.
        is_integer: x are integers.
    """

    first: int
    width: float
    count: int
    is_integer: bool

    @classmethod
    def between(cls, low: float, high: float, most: int, *, is_integer: bool) -> Columns:
        """Return at most `most` columns that cover a range.

        Their width is 1, 2 or 5 times a power of ten and their edges are multiples of it, so that they stay where they are
        while curves grow.
        """
        # Not their difference, which may exceed the largest float.
        width = _round_up(high / max(most - 1, 1) - low / max(most - 1, 1))
        if is_integer:
            width = max(1.0, float(math.ceil(width)))
        width = width or 1.0
        first = math.floor(low / width)
        return cls(first, width, math.floor(high / width) - first + 1, is_integer)

    @property
    def x(self) -> Floats:
        """Return the middle of each column, for integers that of the integers in it."""
        middle = (self.width - 1) // 2 if self.is_integer else self.width / 2
        middles: Floats = (
            np.arange(self.first, self.first + self.count, dtype=np.float64) * self.width + middle
        )
        return middles

    def table(self, curves: Sequence[Sequence[Any]]) -> Table:
        """Return the values of curves given as (x, y, …), x ascending; points outside of the columns do not count."""
        if not curves:
            return np.empty((0, self.count), dtype=np.float32)
        rows = np.repeat(np.arange(len(curves)), [len(curve[0]) for curve in curves])
        x, y = (np.concatenate([curve[i] for curve in curves]) for i in (0, 1))
        at = np.floor(x / self.width) - self.first
        inside = np.isfinite(y) & (at >= 0) & (at < self.count)
        cells = rows[inside] * self.count + at[inside].astype(np.int64)
        size = len(curves) * self.count
        if not len(cells):
            return np.full((len(curves), self.count), np.nan, dtype=np.float32)
        counts = np.bincount(cells, minlength=size)
        # Divided first: a sum of values may exceed the largest float.
        means: Floats = np.bincount(cells, y[inside] / counts[cells], minlength=size).astype(
            np.float64, copy=False
        )
        return compact(_interpolated(means, counts > 0, self.count)).reshape(len(curves), self.count)


def compact(values: NDArray[Any]) -> Table:
    """Return values in half of the bytes; those beyond the range of single precision (3.4e38) become NaN."""
    with np.errstate(over="ignore"):
        table: Table = values.astype(np.float32)
    table[np.isinf(table)] = np.nan
    return table


def _interpolated(means: Floats, has_points: NDArray[np.bool_], count: int) -> Floats:
    """Fill the cells between two cells with points of the same row of `count`, and mark the others as missing."""
    filled = np.flatnonzero(has_points)
    means[~has_points] = np.nan
    # Columns without points between two neighbours with points of one row.
    gaps = np.flatnonzero((np.diff(filled) > 1) & (np.diff(filled // count) == 0))
    if len(gaps):
        starts, ends = filled[gaps], filled[gaps + 1]
        lengths = ends - starts - 1
        of_gap = np.repeat(np.arange(len(gaps)), lengths)
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
        part = offsets / (lengths[of_gap] + 1)
        low, high = means[starts][of_gap], means[ends][of_gap]
        means[starts[of_gap] + offsets] = low * (1 - part) + high * part
    return means


def _round_up(width: float) -> float:
    """Return the lowest of 1, 2 and 5 times a power of ten that is not less."""
    if not width > 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= width * (1 - 1e-9))
