"""Table of the tiles of a series, from which reads are planned without reading a tile."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from metrics.store import pyramid
from metrics.store.columns import Bools, Index, Ints
from metrics.store.pyramid import IRREGULAR, Node
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


COLUMNS = (
    "id",
    "level",
    "segment",
    "seq",
    "count",
    "distinct",
    "first_step",
    "last_step",
    "stride",
    "first_row",
    "last_row",
    "first_time",
    "last_time",
)
"""Columns kept in memory: the id, and everything needed to choose tiles."""
_FIELDS = [(name, "f8" if name.endswith("_time") else "i8") for name in COLUMNS]
TAIL = 0
"""Id of the line for the tail, which is not a tile."""

Table: TypeAlias = "NDArray[np.void]"


def table(rows: Sequence[tuple[Any, ...]]) -> Table:
    return np.array(list(rows), dtype=_FIELDS)


class Directory:
    """The tiles of a series, with its tail as a further tile of level 0. Requests share it: nothing of it changes.

    Attributes:
        sealed: one line per tile; see `metrics.models.Tile` for the columns.
        tiles: the same with a line for the tail.
        tail: points of the tail, or None if everything is sealed.
    """

    def __init__(self, tiles: Table, tail: Node | None = None) -> None:
        self.tail = tail
        self.sealed = self.tiles = tiles
        if tail is not None:
            line = (TAIL, *(getattr(tail, name) for name in COLUMNS[1:]))
            self.tiles = np.concatenate([tiles, table([line])])

    def column(self, name: str) -> Ints:
        values: Ints = self.tiles[name]
        return values

    @cached_property
    def leaves(self) -> Index:
        """Positions of level-0 tiles in the order of segments."""
        at = np.flatnonzero(self.column("level") == 0)
        ordered: Index = at[np.lexsort((self.column("seq")[at], self.column("segment")[at]))]
        return ordered

    @cached_property
    def unordered(self) -> bool:
        """Whether there is a segment in which tiles may overlap."""
        return bool((self.column("segment") >= pyramid.SHAPE.segments).any())

    def frontier(self, level: int) -> Index:
        """Return the fewest tiles that represent the whole series, none above `level`."""
        levels = self.column("level")
        return np.flatnonzero((levels == level) | ((levels < level) & ~self._has_parent))

    def children(self, at: Index) -> Index:
        fan = pyramid.SHAPE.fan
        level = np.repeat(self.column("level")[at] - 1, fan)
        segment = np.repeat(self.column("segment")[at], fan)
        seq = (self.column("seq")[at][:, None] * fan + np.arange(fan)).reshape(-1)
        return self._find(level, segment, seq)

    def continued(self, at: Index) -> Bools:
        """Return whether the last step of each tile continues in the next one of its segment."""
        seq = (self.column("seq")[at] + 1) * pyramid.SHAPE.fan ** self.column("level")[at]
        places = _place(np.zeros(len(at), dtype=np.int64), self.column("segment")[at], seq)
        slots = np.minimum(np.searchsorted(self._places, places), len(self._places) - 1)
        following = self._order[slots]
        there = self._places[slots] == places
        same: Bools = there & (self.column("first_step")[following] == self.column("last_step")[at])
        return same

    @cached_property
    def runs(self) -> Runs:
        """Steps of all ordered segments, compressed."""
        return Runs(self.tiles[self.leaves])

    @cached_property
    def _has_parent(self) -> Bools:
        level = self.column("segment") << 4 | self.column("level")
        tile_counts = np.append(np.bincount(level), 0)
        parents: Ints = tile_counts[level + 1]
        return self.column("seq") // pyramid.SHAPE.fan < parents

    @cached_property
    def _order(self) -> Index:
        return np.argsort(_place(self.column("level"), self.column("segment"), self.column("seq")))

    @cached_property
    def _places(self) -> Ints:
        return _place(self.column("level"), self.column("segment"), self.column("seq"))[self._order]

    def _find(self, level: Ints, segment: Ints, seq: Ints) -> Index:
        return self._order[np.searchsorted(self._places, _place(level, segment, seq))]


class Runs:
    """Groups of neighbouring leaves of one segment, each with a constant stride throughout or an irregular one.

    Attributes:
        segment, first, last: extent of each group.
        stride: as in `metrics.store.pyramid`.
    """

    def __init__(self, leaves: Table) -> None:
        a, b = leaves[:-1], leaves[1:]
        even = (a["stride"] == b["stride"]) & (b["first_step"] - a["last_step"] == a["stride"])
        uneven = (a["stride"] == IRREGULAR) & (b["stride"] == IRREGULAR)
        joined = (a["segment"] == b["segment"]) & (even | uneven)
        starts = np.flatnonzero(np.concatenate([[True], ~joined])) if len(leaves) else np.empty(0, np.intp)
        stops = np.concatenate([starts[1:], [len(leaves)]]) - 1 if len(leaves) else starts
        self.segment: Ints = leaves["segment"][starts]
        self.first: Ints = leaves["first_step"][starts]
        self.last: Ints = leaves["last_step"][stops]
        self.stride: Ints = leaves["stride"][starts]


def _place(level: Ints, segment: Ints, seq: Ints) -> Ints:
    """Return a number for a position in the pyramid, ascending by segment, level and position."""
    return ((segment << 4 | level) << 48) | seq
