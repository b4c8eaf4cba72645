"""Plan which tiles to read for a part of a series at a resolution.

By time every point counts. By step the last point of each step counts, so values that a resumed run logged again
hide earlier ones. Whole tiles are skipped or used according to the steps in the directory; points are read only where
a tile is partly hidden or cut by the edge of the window. All counts are therefore exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.store import pyramid
from metrics.store.columns import Bools, Index, Ints
from metrics.store.points import Points, gather
from metrics.store.pyramid import TANGLED
from metrics.store.tile_index import Directory, Table

Blob = Callable[[int, bool], Points]
"""Reads a tile by its position in the directory: its mip, or (True) all its points."""
Column = NDArray[Any]
Range = tuple[float | None, float | None]
EVERYTHING: Range = (None, None)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a series; ranges are inclusive."""

    steps: Range = EVERYTHING
    times: Range = EVERYTHING
    after_row: int | None = None

    def pick(self, points: Points) -> Points:
        if self == WHOLE:
            return points
        _, inside = self.judge(points.step, points.step, points.time, points.time, points.row, points.row)
        return points.select(inside)

    def judge_tiles(self, tiles: Table) -> tuple[Bools, Bools]:
        """Return which tiles are entirely outside the window, and which entirely inside."""
        steps, times, rows = (
            (tiles[f"first_{name}"], tiles[f"last_{name}"]) for name in ("step", "time", "row")
        )
        return self.judge(*steps, *times, *rows)

    def judge(self, *spans: Column) -> tuple[Bools, Bools]:
        """Do the same for spans of steps, times and rows: first and last of each, six columns."""
        after = (None if self.after_row is None else self.after_row + 1, None)
        outside, inside = np.zeros(len(spans[0]), dtype=bool), np.ones(len(spans[0]), dtype=bool)
        for (low, high), first, last in zip(
            (self.steps, self.times, after), spans[::2], spans[1::2], strict=True
        ):
            if low is not None:
                outside |= last < low
                inside &= first >= low
            if high is not None:
                outside |= first > high
                inside &= last <= high
        return outside, inside


WHOLE = Window()
"""Everything."""


class SeriesReader:
    """A part of a series at one resolution.

    Attributes:
        whole: positions of tiles used unchanged: mips, or at level 0 all points.
        parts: positions of level-0 tiles of which some points count.
        covers: positions of later tiles whose steps are needed for that.
    """

    def __init__(self, directory: Directory, window: Window, *, by_step: bool, level: int) -> None:
        """`level` is how often the points are downsampled: 0 reads all of them."""
        self._directory, self._window, self._by_step = directory, window, by_step
        self._raw = level == 0
        self._mingled = by_step and directory.unordered
        self.whole = self.parts = self.covers = np.empty(0, dtype=np.intp)
        if self._mingled:
            outside, _ = window.judge_tiles(directory.tiles[directory.leaves])
            self.parts = directory.leaves[~outside]
        else:
            self._descend(directory.frontier(max(0, level - 1)))
            self.covers = self._irregular_covers()

    def needs(self) -> list[tuple[int, bool]]:
        """Return what `points` will read: positions, and whether all points or the mip."""
        data = [*self.parts.tolist(), *self.covers.tolist()]
        return [(at, self._raw) for at in self.whole.tolist()] + [(at, True) for at in dict.fromkeys(data)]

    def points(self, blob: Blob) -> tuple[Points, int]:
        """Return the points in order, and their number before sampling."""
        if self._mingled:
            found = gather([blob(at, True) for at in self.parts.tolist()])
            found = self._window.pick(found.by_step().unshadowed())
            return found, len(found)
        pieces = [self._part(at, blob) for at in self.parts.tolist()]
        count = self.count_whole() + sum(map(len, pieces))
        for at in self.whole.tolist():
            points = blob(at, self._raw)
            pieces.append(points.unshadowed() if self._by_step else points)
        found = gather([piece for piece in pieces if len(piece)])
        return (found.by_step() if self._by_step else found.by_time()), count

    def count_whole(self) -> int:
        """Return how many points the tiles in `whole` represent."""
        column = self._directory.column("distinct" if self._by_step else "count")
        return int(column[self.whole].sum())

    def count(self, blob: Blob) -> int:
        """Return the number of points before sampling; reads only tiles that are partly inside."""
        if self._mingled:
            return self.points(blob)[1]
        return self.count_whole() + sum(len(self._part(at, blob)) for at in self.parts.tolist())

    def _descend(self, todo: Index) -> None:
        whole, parts = [], []
        level = self._directory.column("level")
        while len(todo):
            taken, open_ = self._judge(todo)
            whole.append(todo[taken])
            parts.append(todo[open_ & (level[todo] == 0)])
            todo = self._directory.children(todo[open_ & (level[todo] > 0)])
        if whole:
            self.whole, self.parts = np.concatenate(whole), np.concatenate(parts)

    def _judge(self, at: Index) -> tuple[Bools, Bools]:
        """Return which tiles are used entirely and which must be read; the others are skipped."""
        tiles = self._directory.tiles[at]
        outside, inside = self._window.judge_tiles(tiles)
        if not self._by_step:
            return inside, ~inside & ~outside
        continued, single = self._directory.continued(at), tiles["first_step"] == tiles["last_step"]
        hidden, touched = covered(tiles, self._directory)
        gone = outside | hidden | (continued & single)
        taken = inside & ~gone & ~touched & ~continued & (tiles["stride"] != TANGLED)
        return taken, ~taken & ~gone

    def _part(self, at: int, blob: Blob) -> Points:
        points = blob(at, True)
        if not self._by_step:
            return self._window.pick(points)
        points = self._window.pick(points.unshadowed())
        steps = [self._steps(later, blob) for later in self._later(at).tolist()]
        if not steps:
            return points
        return points.select(~np.isin(points.step, np.concatenate(steps)))

    def _steps(self, at: int, blob: Blob) -> Ints:
        tile = self._directory.tiles[at]
        if tile["stride"] < 0:
            return blob(at, True).step
        return np.arange(int(tile["first_step"]), int(tile["last_step"]) + 1, max(int(tile["stride"]), 1))

    def _later(self, at: int) -> Index:
        """Return level-0 tiles of later segments whose steps overlap with this one."""
        leaves = self._directory.leaves
        tiles, tile = self._directory.tiles[leaves], self._directory.tiles[at]
        overlap = (tiles["first_step"] <= tile["last_step"]) & (tiles["last_step"] >= tile["first_step"])
        later: Index = leaves[overlap & (tiles["segment"] > tile["segment"])]
        return later

    def _irregular_covers(self) -> Index:
        if not self._by_step or not len(self.parts):
            return self.covers
        later = np.unique(np.concatenate([self._later(at) for at in self.parts.tolist()]))
        irregular: Index = later[self._directory.column("stride")[later] < 0]
        return irregular


def level_for(directory: Directory, window: Window, points: int) -> int:
    """Return how often the part may be downsampled so that at least twice the requested points remain."""
    tiles = directory.tiles[directory.leaves]
    outside, _ = window.judge_tiles(tiles)
    remaining = int(tiles["count"][~outside].sum()) // pyramid.SHAPE.fan
    level = 0
    while remaining >= 2 * points:
        level += 1
        remaining //= pyramid.SHAPE.fan
    return level


def covered(tiles: Table, directory: Directory) -> tuple[Bools, Bools]:
    """Return the tiles whose steps were all logged again by later segments, and those that overlap with one."""
    runs = directory.runs
    nothing = np.zeros(len(tiles), dtype=bool)
    if not len(runs.segment) or runs.segment[0] == runs.segment[-1]:
        return nothing, nothing
    first, last = tiles["first_step"][:, None], tiles["last_step"][:, None]
    stride = tiles["stride"][:, None]
    touched = (runs.segment > tiles["segment"][:, None]) & (runs.first <= last) & (runs.last >= first)
    pace = np.maximum(runs.stride, 1)
    even = (runs.stride >= 0) & (stride >= 0) & (stride % pace == 0) & ((first - runs.first) % pace == 0)
    hidden = touched & even & (runs.first <= first) & (runs.last >= last)
    return np.any(hidden, axis=1), np.any(touched, axis=1)
