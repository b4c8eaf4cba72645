"""Plan which tiles to read for a part of a series at a resolution.

By time every point counts. By step the last point of each step counts, so values that a resumed run logged again
hide earlier ones. Whole tiles are skipped or used according to the steps in the directory; points are read only where
a tile is partly hidden or cut by the edge of the window. All counts are therefore exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from metrics.query import downsample
from metrics.store import pyramid
from metrics.store.columns import Bools, Floats, Index, Ints, ascending
from metrics.store.points import Points, gather
from metrics.store.pyramid import TANGLED
from metrics.store.tile_index import Directory, Table
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


Blob = Callable[[int, bool], Points]
"""Reads a tile by its position in the directory: its mip, or (True) all its points."""
Reduce = Callable[[Points, int], Points]
"""Returns points of a part so many times as coarse."""
Column: TypeAlias = "NDArray[Any]"
Range = tuple[float | None, float | None]
MOST_GAPS = 32
"""Gaps at which all points are read, the widest ones."""
EVERYTHING: Range = (None, None)
SPARE = 1.5
"""Points that are read per requested point at least: a mip's buckets are narrower than the intervals of a curve."""


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

    def __init__(
        self,
        directory: Directory,
        window: Window,
        *,
        by_step: bool,
        level: int,
        width: float = math.inf,
    ) -> None:
        """Choose the tiles.

        Args:
            level: how often the points are downsampled at most; 0 reads all of them.
            width: distance in x that the points of which a mip keeps two may cover on average; tiles whose points are
                farther apart are read at a finer level.
        """
        self._directory, self._window, self._by_step = directory, window, by_step
        self._level, self._width = level, width
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
        """Return the reads of `points`: positions, and whether all points or the mip."""
        data = [*self.parts.tolist(), *self.covers.tolist()]
        return [(at, self._raw) for at in self.whole.tolist()] + [(at, True) for at in dict.fromkeys(data)]

    def points(self, blob: Blob, reduce: Reduce | None = None) -> tuple[Points, int]:
        """Return the points in order, and their number before sampling.

        With `reduce` the parts that are read at a finer level are as coarse as the others.
        """
        if self._mingled:
            window_points = gather([blob(at, True) for at in self.parts.tolist()])
            window_points = self._window.pick(window_points.by_step().unshadowed())
            return window_points, len(window_points)
        pieces = [self._part(at, blob) for at in self.parts.tolist()]
        count = self.count_whole() + sum(map(len, pieces))
        if reduce is not None and not self._raw:
            times = pyramid.SHAPE.bucket * pyramid.SHAPE.fan ** (self._level - 1)
            pieces = [reduce(piece, times) for piece in pieces]
        level = self._directory.column("level")
        for at in self.whole.tolist():
            points = blob(at, self._raw)
            if self._by_step:
                points = points.unshadowed()
            if reduce is not None and not self._raw and level[at] < self._level - 1:
                points = reduce(points, pyramid.SHAPE.fan ** int(self._level - 1 - level[at]))
            pieces.append(points)
        window_points = gather([piece for piece in pieces if len(piece)])
        return (window_points.by_step() if self._by_step else window_points.by_time()), count

    def open_tangled(self, blob: Blob) -> None:
        """By time, read all points of tiles in which the time goes back, at most `MOST_GAPS` of them.

        Tiles are in the order of steps: where a resumed run logged some again, a bucket has points of both times, and
        the extremes of one hide those of the other.
        """
        if self._by_step or self._raw:
            return
        level = self._directory.column("level")
        whole: list[int] = []
        leaves: list[int] = []
        todo = self.whole.tolist()
        while todo:
            at = todo.pop()
            if len(leaves) == MOST_GAPS or not pyramid.goes_back(blob(at, False)):
                whole.append(at)
            elif level[at]:
                todo += self._directory.children(np.array([at])).tolist()
            else:
                leaves.append(at)
        if leaves:
            self.whole = np.array(whole, dtype=np.intp)
            self.parts = np.append(self.parts, leaves)

    def with_gap_ends(self, points: Points, blob: Blob) -> Points:
        """Add points where those of a mip are farther apart in x than the extremes of two neighbouring buckets.

        Within a tile some points may be much farther apart than most.
        """
        if self._raw or self._mingled or self._width == math.inf:
            return points
        x = self._x(points)
        wide = self._wide(x)
        if not len(wide):
            return points
        ends = [self._from(float(x[at]), float(x[at + 1]), blob) for at in wide.tolist()]
        # A mip's own marks of hidden points do not concern these, of which none is hidden.
        together = gather([replace(part, shadow=None) for part in (points, *ends)])
        together = together.by_step() if self._by_step else together.by_time()
        return together.select(np.sort(np.unique(together.row, return_index=True)[1]))

    def _wide(self, x: Floats) -> Index:
        """Return the positions before which distances begin that are too wide alone or with the next one; the widest ones."""
        distance = np.diff(x)
        is_wide = distance > 2 * self._width
        both = np.flatnonzero(distance[1:] + distance[:-1] > (2 + 1e-9) * self._width)
        is_wide[both] = is_wide[both + 1] = True
        wide = np.flatnonzero(is_wide)
        return wide if len(wide) <= MOST_GAPS else np.sort(wide[np.argsort(-distance[wide])[:MOST_GAPS]])

    def _from(self, low: float, high: float, blob: Blob) -> Points:
        """Return the ends of gaps from one x to another, and the extremes of parts about as wide as a bucket may be."""
        leaves, axis = self._directory.leaves, "step" if self._by_step else "time"
        tiles = self._directory.tiles[leaves]
        at = leaves[(tiles[f"first_{axis}"] <= high) & (tiles[f"last_{axis}"] >= low)]
        parts = gather([self._part(leaf, blob) for leaf in at[:MOST_GAPS].tolist()])
        parts = parts.by_step() if self._by_step else parts.by_time()
        x = self._x(parts)
        is_inside = (x >= low) & (x <= high)
        parts, x = parts.select(is_inside), x[is_inside]
        if not len(x):
            return parts
        is_gap = np.diff(x) > self._width / 2
        is_needed = np.append(is_gap, False) | np.append(False, is_gap)
        count = 2 * math.ceil((high - low) / self._width) + 2
        is_needed[downsample.curve(x, parts.value.heights(), max(4, count))] = True
        return parts.select(is_needed)

    def _x(self, points: Points) -> Floats:
        return points.step.astype(float) if self._by_step else points.time

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
        complete, parts = [], []
        level = self._directory.column("level")
        while len(todo):
            usable, open_ = self._judge(todo)
            if not self._raw and self._width < math.inf:
                usable, open_ = self._refine(todo, usable, open_)
            complete.append(todo[usable])
            parts.append(todo[open_ & (level[todo] == 0)])
            todo = self._directory.children(todo[open_ & (level[todo] > 0)])
        if complete:
            self.whole, self.parts = np.concatenate(complete), np.concatenate(parts)

    def _judge(self, at: Index) -> tuple[Bools, Bools]:
        """Return which tiles are used entirely and which must be read; the others are skipped."""
        tiles = self._directory.tiles[at]
        outside, inside = self._window.judge_tiles(tiles)
        if not self._by_step:
            return inside, ~inside & ~outside
        continued, single = self._directory.continued(at), tiles["first_step"] == tiles["last_step"]
        hidden, touched = covered(tiles, self._directory)
        skipped = outside | hidden | (continued & single)
        usable = inside & ~skipped & ~touched & ~continued & (tiles["stride"] != TANGLED)
        return usable, ~usable & ~skipped

    def _refine(self, at: Index, usable: Bools, open_: Bools) -> tuple[Bools, Bools]:
        """Open the tiles of which a bucket covers more of x than `width`."""
        tiles = self._directory.tiles[at]
        axis = "step" if self._by_step else "time"
        span = tiles[f"last_{axis}"].astype(float) - tiles[f"first_{axis}"].astype(float)
        buckets = tiles["count"] / (pyramid.SHAPE.bucket * float(pyramid.SHAPE.fan) ** tiles["level"])
        coarse = usable & (span > self._width * buckets)
        return usable & ~coarse, open_ | coarse

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
        later = ascending(np.concatenate([self._later(at) for at in self.parts.tolist()]))
        irregular: Index = later[self._directory.column("stride")[later] < 0]
        return irregular


def level_for(directory: Directory, window: Window, points: int) -> int:
    """Return how often the part may be downsampled so that `SPARE` times the requested points remain."""
    tiles = directory.tiles[directory.leaves]
    outside, _ = window.judge_tiles(tiles)
    remaining = int(tiles["count"][~outside].sum()) // pyramid.SHAPE.fan
    level = 0
    while remaining >= SPARE * points:
        level += 1
        remaining //= pyramid.SHAPE.fan
    return level


def interval_width(directory: Directory, window: Window, points: int, *, by_step: bool) -> float:
    """Return the distance in x that two of `SPARE` times so many evenly spaced points of the part cover."""
    tiles = directory.tiles[directory.leaves]
    outside, _ = window.judge_tiles(tiles)
    tiles = tiles[~outside]
    if not len(tiles):
        return math.inf
    axis, (low, high) = ("step", window.steps) if by_step else ("time", window.times)
    first, last = float(tiles[f"first_{axis}"].min()), float(tiles[f"last_{axis}"].max())
    first, last = first if low is None else max(low, first), last if high is None else min(high, last)
    return 2 * (last - first) / (SPARE * points)


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
