"""Points of one series as columns of equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from metrics.store.columns import Bools, Floats, Index, Ints, Values, join
from runs.store.lazy_numpy import np


@dataclass(frozen=True, slots=True)
class Points:
    """`row` is the index of the journal's line, which joins the metrics of one `log()` call; `time` is in Unix seconds;
    `stage` is a column of missing values if no stage was given. In a downsampled copy `shadow` marks points whose step was
    logged again later: by step they do not count. `is_distinct` is set where each step is known to occur once."""

    row: Ints
    step: Ints
    time: Floats
    value: Values
    stage: Values
    shadow: Bools | None = None
    is_distinct: bool = False

    def __len__(self) -> int:
        return len(self.row)

    def select(self, at: Index | slice | Bools) -> Points:
        shadow = None if self.shadow is None else self.shadow[at]
        return Points(
            self.row[at], self.step[at], self.time[at], self.value.select(at), self.stage.select(at), shadow
        )

    def by_step(self) -> Points:
        """Sort by step, then by row."""
        if len(self) < 2 or bool((self.step[1:] > self.step[:-1]).all()):
            return self
        return self.select(np.lexsort((self.row, self.step)))

    def by_time(self) -> Points:
        """Sort by time, then by row."""
        later, same = self.time[1:] > self.time[:-1], self.time[1:] == self.time[:-1]
        if bool((later | (same & (self.row[1:] > self.row[:-1]))).all()):
            return self
        return self.select(np.lexsort((self.row, self.time)))

    def shadows(self) -> Bools:
        """Return which of the points, sorted by step, are followed by another of the same step."""
        if self.shadow is not None:
            return self.shadow
        again = np.zeros(len(self), dtype=bool)
        np.equal(self.step[1:], self.step[:-1], out=again[:-1])
        return again

    def unshadowed(self) -> Points:
        """Return the last point of every step; points are sorted by step."""
        if self.is_distinct:
            return self
        shadows = self.shadows()
        return self.select(~shadows) if shadows.any() else self

    def examined(self) -> Points:
        """Return the same points, sorted by step, with what is known of their steps: readers of a tile need not look again."""
        return self if self.shadows().any() else replace(self, is_distinct=True)


def gather(parts: Sequence[Points]) -> Points:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return no_points()
    shadow = None
    if any(part.shadow is not None for part in parts):
        shadow = np.concatenate([part.shadows() for part in parts])
    return Points(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.time for part in parts]),
        join([part.value for part in parts]),
        join([part.stage for part in parts]),
        shadow,
    )


@cache
def no_points() -> Points:
    rows, times = np.empty(0, np.int64), np.empty(0, np.float64)
    return Points(rows, rows, times, Values.nothing(0), Values.nothing(0))
