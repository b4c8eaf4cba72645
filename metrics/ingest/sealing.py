"""Growth of a series: points collect in a tail, full tails are sealed into tiles, sixteen tiles get a parent.

The boundaries of tiles depend only on the points, not on how they were batched, so equal journals give equal tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from metrics.store import pyramid
from metrics.store.columns import Ints
from metrics.store.points import Points, gather, no_points
from metrics.store.pyramid import Node, leaf, parent
from runs.store.lazy_numpy import np


@dataclass(slots=True)
class Growth:
    """A series that is being written.

    Attributes:
        ordered: a step before the sealed ones opens a new segment; otherwise there is a single segment.
        pending: points in the tail.
        stored_tail: reads the tail from the database; called only before a tile is sealed.
        siblings: reads the tiles `(level, segment, first, stop)` from the database.
        sealed: tiles created since the last `settle`.
        fresh: points added since the last `settle` that are still in the tail.
    """

    ordered: bool
    segment: int
    segment_tiles: int
    boundary: int | None
    boundary_open: bool
    pending: int
    stored_tail: Callable[[], Points]
    siblings: Callable[[int, int, int, int], list[Node]]
    sealed: list[Node] = field(default_factory=list)
    fresh: list[Points] = field(default_factory=list)
    _tail: Points | None = None
    _open: dict[tuple[int, int], Node] = field(default_factory=dict)
    """New tiles of this segment without a parent."""

    def add(self, points: Points) -> None:
        full = pyramid.SHAPE.tile + pyramid.SHAPE.window
        while len(points):
            arrived = points.select(slice(0, full - self.pending))
            stop = self._first_that_goes_back(arrived.step)
            if stop:
                self.fresh.append(arrived.select(slice(0, stop)))
                self.pending += stop
            if stop < len(arrived):
                self._close_segment()
            elif self.pending >= full:
                self._seal()
            points = points.select(slice(stop, None))

    def tail(self) -> Points:
        if self._tail is None:
            self._tail = self.stored_tail() if self.pending > sum(map(len, self.fresh)) else no_points()
        return gather([self._tail, *self.fresh]) if len(self._tail) else gather(self.fresh)

    def settle(self) -> None:
        """Clear `sealed` and `fresh` after they were stored."""
        if self._tail is not None:
            self._tail = self.tail()
        self.sealed, self.fresh = [], []

    def _first_that_goes_back(self, steps: Ints) -> int:
        if self.boundary is None:
            return len(steps)
        back = steps < self.boundary if self.boundary_open else steps <= self.boundary
        return int(back.argmax()) if back.any() else len(steps)

    def _close_segment(self) -> None:
        while self.pending:
            self._seal()
        self.segment += 1
        self.segment_tiles, self.boundary, self.boundary_open = 0, None, False
        self._open.clear()

    def _seal(self) -> None:
        points = self.tail().by_step()
        cut = _cut(points.step, pyramid.SHAPE.tile)
        self._grow(leaf(points.select(slice(0, cut)), self.segment, self.segment_tiles))
        self._tail, self.fresh = points.select(slice(cut, None)), []
        self.pending = len(self._tail)

    def _grow(self, node: Node) -> None:
        """Add a tile of level 0, and the parents that it completes."""
        self.segment_tiles += 1
        if self.ordered and self.segment < pyramid.SHAPE.segments:
            self.boundary, self.boundary_open = node.last_step, node.first_step == node.last_step
        fan, tile_count = pyramid.SHAPE.fan, self.segment_tiles
        self.sealed.append(node)
        self._open[node.level, node.seq] = node
        while tile_count % fan == 0:
            tile_count //= fan
            node = parent(self._children(node.level, (tile_count - 1) * fan, tile_count * fan))
            self.sealed.append(node)
            self._open[node.level, node.seq] = node

    def _children(self, level: int, first: int, stop: int) -> list[Node]:
        start = next(seq for seq in range(first, stop) if (level, seq) in self._open)
        earlier = self.siblings(level, self.segment, first, start) if start > first else []
        return earlier + [self._open.pop((level, seq)) for seq in range(start, stop)]


def _cut(steps: Ints, tile: int) -> int:
    """Return how many of the ascending steps form the next tile: a step is only split if it alone fills a tile."""
    if len(steps) <= tile:
        return len(steps)
    start = int(np.searchsorted(steps, steps[tile])) if steps[tile] == steps[tile - 1] else tile
    return start or tile
