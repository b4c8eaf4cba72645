"""Formulas of long metrics, evaluated tile by tile.

Functions of the points so far carry their state from tile to tile, so that the result is that of all points. What is kept
of a tile is what a metric keeps of its own: the state before it, and a downsampled copy with all extremes; of every sixteen
of these another one. A chart of any zoom then evaluates only the tiles at its edges, or those of a narrow range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics.models import Series, Tile
from metrics.query.formulas.evaluate import Carry, Scalars, Track, evaluate
from metrics.query.plan import SPARE, Window
from metrics.query.series_view import JournalReplaced, View
from metrics.store import codec, pyramid
from metrics.store.cache import cache
from metrics.store.columns import FLOAT, Values
from metrics.store.points import Points, gather
from metrics.store.tile_index import TAIL, Table
from runicorn_tools.analysis.formulas import Node
from runs.store.lazy_numpy import np

AT_ONCE = 32
"""Tiles whose points are decoded together."""
_POINT_BYTES = 48


@dataclass(slots=True)
class Derived:
    """What is kept of a formula.

    Attributes:
        carries: the states of its functions before each tile, and after the last one.
        levels: downsampled copies: of each tile, of every sixteen tiles, and so on.
        low, high: extremes of all tiles.
        last: value at the last point of the last tile.
    """

    carries: list[Carry] = field(default_factory=lambda: [{}])
    levels: list[list[Points]] = field(default_factory=lambda: [[]])
    low: float = math.inf
    high: float = -math.inf
    last: float = math.nan

    def add(self, track: Track, carry: Carry) -> None:
        """Add the values of the next tile, and the states after it."""
        self._see(track)
        self.carries.append(carry)
        self.levels[0].append(pyramid.thin(_floats(track)))
        level, fan = 0, pyramid.SHAPE.fan
        while len(self.levels[level]) % fan == 0:
            if len(self.levels) == level + 1:
                self.levels.append([])
            self.levels[level + 1].append(pyramid.thin(gather(self.levels[level][-fan:])))
            level += 1

    def with_tail(self, track: Track | None) -> tuple[float | None, float | None, float]:
        """Return the extremes, None without any, and the last value, with those of points after the last tile."""
        everything = Derived([], [], self.low, self.high, self.last)
        if track is not None and len(track.values):
            everything._see(track)
        has_values = everything.low <= everything.high
        return (
            everything.low if has_values else None,
            everything.high if has_values else None,
            everything.last,
        )

    def _see(self, track: Track) -> None:
        finite = track.values[np.isfinite(track.values)]
        if len(finite):
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
        self.last = float(track.values[-1])

    @property
    def size(self) -> int:
        """Return the bytes of all copies."""
        return _POINT_BYTES * sum(len(points) for level in self.levels for points in level)


@dataclass(frozen=True, slots=True)
class DerivedCurve:
    """A part of a formula, at least `points` of it; the number of its points; extremes, last value and count of all."""

    points: Points
    count: int
    low: float | None
    high: float | None
    last: float
    total: int


def derived_curve(
    view: View,
    tree: Node,
    rows: Sequence[Series],
    scalars: Scalars,
    marks: tuple[float, ...],
    window: Window,
    points: int,
) -> DerivedCurve | None:
    """Return a part of a formula of metrics that were logged at the same steps; None for others.

    Args:
        marks: values of the functions of whole metrics in the formula.

    Raises:
        JournalReplaced: the journal was replaced during the read.
    """
    tables = [_sealed(view, row) for row in rows]
    if any(table is None or not len(table) for table in tables):
        return None
    sealed = [table for table in tables if table is not None]
    if not all(_are_alike(sealed[0], table) for table in sealed[1:]):
        return None
    reader = _Reader(view, tree, rows, sealed, scalars)
    tails = reader.tails()
    if tails is None:
        return None
    derived = reader.derived(marks)
    tail = reader.evaluated(tails, dict(derived.carries[-1])) if len(tails[0]) else None
    sample, count = _part(derived, reader, sealed[0], tail, window, points)
    low, high, last = derived.with_tail(tail)
    total = int(sealed[0]["count"].sum()) + (0 if tail is None else len(tail.values))
    return DerivedCurve(sample, count, low, high, last, total)


def _part(
    derived: Derived, reader: _Reader, table: Table, tail: Track | None, window: Window, points: int
) -> tuple[Points, int]:
    """Return points of the window, from copies as coarse as so many points allow, and their number before sampling."""
    outside, inside = window.judge_tiles(table)
    counts = table["count"]
    rest = window.pick(_floats(tail)) if tail is not None else None
    fan = pyramid.SHAPE.fan
    remaining, level = int(counts[~outside].sum()) // fan, -1
    while remaining >= SPARE * points and level + 1 < len(derived.levels):
        level += 1
        remaining //= fan
    whole = np.flatnonzero(inside) if level >= 0 else np.empty(0, np.intp)
    edges = np.setdiff1d(np.flatnonzero(~outside), whole)
    pieces = [window.pick(_floats(track)) for track in reader.tracks(edges.tolist(), derived)]
    count = int(counts[whole].sum()) + sum(map(len, pieces))
    at, end = (int(whole[0]), int(whole[-1]) + 1) if len(whole) else (0, 0)
    if end - at != len(whole):
        # Times go back: the tiles inside are not neighbours.
        pieces += [derived.levels[0][place] for place in whole.tolist()]
        at = end
    while at < end:
        step = level
        while step and (at % fan**step or at + fan**step > end):
            step -= 1
        pieces.append(derived.levels[step][at // fan**step])
        at += fan**step
    if rest is not None and len(rest):
        count += len(rest)
        pieces.append(pyramid.thin(rest) if level >= 0 else rest)
    return gather([piece for piece in pieces if len(piece)]).by_step(), count


@dataclass(slots=True)
class _Reader:
    """Evaluates a formula on tiles of its metrics, of which the nth of each has the same steps."""

    view: View
    tree: Node
    rows: Sequence[Series]
    tables: Sequence[Table]
    scalars: Scalars

    def tails(self) -> list[Points] | None:
        """Return the points after the last tile of each metric; None if they have different steps."""
        tails = [self.view.directories[row.pk].tail for row in self.rows]
        parts = [gather([]) if tail is None or tail.data is None else tail.data for tail in tails]
        if any(len(part) != len(parts[0]) or not np.array_equal(part.step, parts[0].step) for part in parts):
            return None
        last = int(self.tables[0]["last_step"][-1])
        if any(len(part) and (part.shadows().any() or part.step[0] <= last) for part in parts):
            return None
        return parts

    def derived(self, marks: tuple[float, ...]) -> Derived:
        """Return what is kept of the formula, with the tiles that are new."""
        place = "formula", repr(self.tree), tuple(row.uid for row in self.rows), marks
        derived: Derived | None = cache.get(place)
        count = len(self.tables[0])
        if derived is not None and len(derived.levels[0]) >= count:
            return derived
        # Another thread may read the one that is kept.
        derived = Derived() if derived is None else _copy(derived)
        for start in range(len(derived.levels[0]), count, AT_ONCE):
            for parts in self._decoded(range(start, min(start + AT_ONCE, count))):
                carry = dict(derived.carries[-1])
                track = self.evaluated(parts, carry)
                derived.add(track, carry)
        cache.put(place, derived, derived.size)
        return derived

    def tracks(self, tiles: Sequence[int], derived: Derived) -> list[Track]:
        """Evaluate some tiles."""
        return [
            self.evaluated(parts, dict(derived.carries[at]))
            for start in range(0, len(tiles), AT_ONCE)
            for at, parts in zip(
                tiles[start : start + AT_ONCE], self._decoded(tiles[start : start + AT_ONCE]), strict=True
            )
        ]

    def evaluated(self, parts: Sequence[Points], carry: Carry) -> Track:
        """Evaluate the formula on points of each metric; `carry` is updated."""
        tracks = {row.name: Track.of(part) for row, part in zip(self.rows, parts, strict=True)}
        value = evaluate(self.tree, tracks, self.scalars, carry)
        assert isinstance(value, Track)
        return value

    def _decoded(self, tiles: Sequence[int]) -> list[list[Points]]:
        """Return the points of tiles by metric. They are not kept: there may be millions."""
        ids = [[int(table["id"][at]) for at in tiles] for table in self.tables]
        rows = Tile.objects.filter(pk__in={pk for some in ids for pk in some})
        blocks: dict[int, Any] = dict(rows.values_list("pk", "data"))
        if len(blocks) < len({pk for some in ids for pk in some}):
            raise JournalReplaced
        return [[codec.decode(blocks[some[i]]) for some in ids] for i in range(len(tiles))]


def _copy(derived: Derived) -> Derived:
    levels = [list(level) for level in derived.levels]
    return Derived(list(derived.carries), levels, derived.low, derived.high, derived.last)


def _sealed(view: View, row: Series) -> Table | None:
    """Return the tiles of a series in their order; None if a step was logged again, or steps go back."""
    directory = view.directories[row.pk]
    leaves = directory.tiles[directory.leaves]
    table: Table = leaves[leaves["id"] != TAIL]
    table = table[np.argsort(table["seq"], kind="stable")]
    if directory.unordered or (len(leaves) and (leaves["segment"] != 0).any()):
        return None
    if (table["count"] != table["distinct"]).any() or (
        table["first_step"][1:] <= table["last_step"][:-1]
    ).any():
        return None
    return table


def _are_alike(table: Table, other: Table) -> bool:
    """Return whether two series have the same steps in each tile."""
    names = ("count", "first_step", "last_step", "stride")
    if len(table) != len(other) or any((table[name] != other[name]).any() for name in names):
        return False
    return bool((table["stride"] >= 0).all())


def _floats(track: Track) -> Points:
    return Points(
        track.points.row,
        track.points.step,
        track.points.time,
        Values(FLOAT, np.ascontiguousarray(track.values, dtype=np.float64).view(np.int64)),
        track.points.stage,
    )
