"""Pyramids in memory: a series that grows as it does in the database, without one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metrics.ingest.sealing import Growth
from metrics.store import codec
from metrics.store.columns import Values
from metrics.store.points import Points, gather, no_points
from metrics.store.pyramid import Node, Shape, leaf
from metrics.store.tile_index import COLUMNS, Directory, table

SMALL = Shape(tile=8, window=3, fan=4, segments=4)
"""A pyramid in which a hundred points reach every corner."""
BROAD = Shape(tile=64, window=3, fan=4, segments=4)
"""One whose tiles have several buckets, as they have usually."""


class Grown:
    """A series to which points are added in batches, with what would be stored of it."""

    def __init__(self, ordered: bool = True) -> None:
        self.nodes: list[Node] = []
        self.stored_tail = no_points()
        self.ordered = ordered
        self.growth = self._open(Growth(ordered, 0, 0, None, False, 0, lambda: no_points(), self._siblings))

    def add(self, points: Points, reopen: bool = False) -> None:
        """Add a batch and store it; `reopen` forgets what the writer had in memory."""
        self.growth.add(points)
        self.nodes += [_stored(node) for node in self.growth.sealed]
        self.stored_tail = _copied(self.growth.tail())
        self.growth.settle()
        if reopen:
            self.growth = self._open(self.growth)

    def directory(self) -> Directory:
        """As a reader finds it."""
        rows = [(i, *(getattr(node, name) for name in COLUMNS[1:])) for i, node in enumerate(self.nodes, 1)]
        tail = self.stored_tail.by_step()
        growth = self.growth
        return Directory(table(rows), leaf(tail, growth.segment, growth.segment_tiles) if len(tail) else None)

    def blob(self, at: int, data: bool) -> Points:
        """Reads a tile by its position."""
        directory = self.directory()
        node = self.nodes[at] if at < len(self.nodes) else directory.tail
        assert node is not None
        points = node.data if data else node.mip
        assert points is not None
        return points

    def _open(self, before: Growth) -> Growth:
        place = (before.segment, before.segment_tiles, before.boundary, before.boundary_open)
        return Growth(self.ordered, *place, before.pending, lambda: self.stored_tail, self._siblings)

    def _siblings(self, level: int, segment: int, first: int, stop: int) -> list[Node]:
        nodes = [n for n in self.nodes if (n.level, n.segment) == (level, segment) and first <= n.seq < stop]
        return sorted(nodes, key=lambda node: node.seq)


def points_of(steps: Sequence[int], values: Sequence[object] | None = None, first_row: int = 0) -> Points:
    """Points with those steps, one row and one second apart."""
    count = len(steps)
    rows = np.arange(first_row, first_row + count, dtype=np.int64)
    column = Values.of(values) if values is not None else Values.of([float(row) for row in rows])
    times = 1.7e9 + rows.astype(np.float64)
    return Points(rows, np.array(steps, dtype=np.int64), times, column, Values.nothing(count))


def _copied(points: Points) -> Points:
    return codec.decode(codec.encode(points)) if len(points) else no_points()


def _stored(node: Node) -> Node:
    data = None if node.data is None else _copied(node.data)
    place = {name: getattr(node, name) for name in COLUMNS[1:]}
    return Node(**place, mip=_copied(node.mip), data=data)


def in_batches(points: Points, sizes: Sequence[int]) -> list[Points]:
    """Cut into batches of those sizes, over and over."""
    parts, start = [], 0
    while start < len(points):
        size = sizes[len(parts) % len(sizes)]
        parts.append(points.select(slice(start, start + size)))
        start += size
    return parts


def all_of(parts: Sequence[Points]) -> Points:
    """The parts as one."""
    return gather(list(parts))
