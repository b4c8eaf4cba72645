"""Rows: values logged together, joined in constant memory.

The lane of rows determines their order; metrics are joined to it by the indexes of journal lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from metrics.models import Series
from metrics.query.plan import WHOLE, SeriesReader, Window
from metrics.query.series_view import TileLoader, View
from metrics.store.columns import BOOL, NULL, Bools, Floats, Index, Ints, Values, join
from metrics.store.lanes import Lane
from metrics.store.points import Points, gather, no_points
from runs.store.lazy_numpy import np

SLICE_CELLS = 262_144
"""Cells joined at once, which bounds memory, however long the run is."""
SLICE_ROWS = 4096
STAGE = "stage"
"""The stage is among the cells under this name, which no metric can have."""

Cells = dict[str, tuple[Index, Values]]
"""By column: ascending positions of the rows with a value, and the values."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows. `stepped` marks those with a step."""

    step: Ints
    stepped: Bools
    time: Floats
    cells: Cells

    def __len__(self) -> int:
        return len(self.step)


class RowReader:
    """The rows of a run by time, or by step, where later values of a step replace earlier ones.

    Limited to `window`.

    Attributes:
        series: the series of every metric by name.
        rows: the lanes that determine which rows exist.
        staged: whether any row has a stage.
    """

    def __init__(self, view: View, *, by_step: bool, window: Window = WHOLE) -> None:
        self._view, self._by_step, self._shelf, self._window = view, by_step, TileLoader(view), window
        metrics = view.lane(Lane.METRIC) if by_step else view.lane(Lane.METRIC, Lane.STEPLESS)
        self.series: dict[str, list[Series]] = {}
        for series_row in metrics:
            self.series.setdefault(series_row.name, []).append(series_row)
        self.rows = view.lane(Lane.ROWS) if by_step else view.lane(Lane.ROWS, Lane.STEPLESS_ROWS)
        self.staged = any(series_row.staged for series_row in self.rows)
        self.total = sum(self._count(series_row) for series_row in self.rows)

    def blocks(self, names: Sequence[str], selection: Index | None = None) -> Iterator[Block]:
        """Yield all rows in order with the cells of `names`, or only the rows at the chosen positions.

        Raises:
            metrics.query.series_view.JournalReplaced: the journal was replaced during the read.
        """
        size = max(64, min(SLICE_ROWS, SLICE_CELLS // max(1, len(names))))
        start = 0
        carry: Cells = {}
        for points, goes_on in self._slices(size):
            groups = self._groups(points)
            count = int(groups[-1]) + 1
            complete = count - goes_on
            if selection is not None:
                is_selected = np.isin(np.arange(start, start + count), selection)
                at = np.flatnonzero(is_selected[groups])
                points, groups = points.select(at), (np.cumsum(is_selected) - 1)[groups[at]]
                goes_on = goes_on and bool(is_selected[-1])
            start += complete
            if not len(points):
                continue
            block = self._block(points, groups, names, carry)
            block, carry = _divide(block) if goes_on else (block, {})
            if len(block):
                yield block
            self._shelf.clear()

    def _block(self, points: Points, groups: Index, names: Sequence[str], carry: Cells) -> Block:
        last = np.flatnonzero(np.concatenate([groups[1:] != groups[:-1], [True]]))
        order = np.argsort(points.row)
        rows = points.row[order]
        cells = {}
        if self.staged:
            at = np.flatnonzero(~points.stage.where(NULL))
            cells[STAGE] = at, points.stage.select(at)
        for name in names:
            cells[name] = self._cells(name, rows, order)
        merged = {
            name: _last_of_each(groups[at], values, carry.get(name)) for name, (at, values) in cells.items()
        }
        ends = points.select(last)
        return Block(ends.step, ~ends.value.where(BOOL), ends.time, merged)

    def _cells(self, name: str, rows: Ints, order: Index) -> tuple[Index, Values]:
        """Return which of the points, whose rows are `rows` when taken in `order`, have a value, and the values."""
        positions, values = [np.empty(0, dtype=np.intp)], [Values.nothing(0)]
        for series_row in self.series[name]:
            directory = self._view.directories[series_row.pk]
            tiles = directory.tiles[directory.leaves]
            first = np.searchsorted(rows, tiles["first_row"])
            stop = np.searchsorted(rows, tiles["last_row"], "right")
            touched = directory.leaves[stop > first].tolist()
            self._shelf.fetch([(series_row, [(at, True) for at in touched])])
            for at in touched:
                points = self._shelf.blob(series_row)(at, True)
                here, there = _meet(rows, points.row)
                positions.append(order[here])
                values.append(points.value.select(there))
        at, column = np.concatenate(positions), join([part for part in values if len(part)] or values[:1])
        ascending = np.argsort(at)
        return at[ascending], column.select(ascending)

    def _groups(self, points: Points) -> Index:
        """Return the position of the row that each point belongs to."""
        if not self._by_step:
            return np.arange(len(points))
        return np.cumsum(np.concatenate([[False], points.step[1:] != points.step[:-1]]))

    def _slices(self, size: int) -> Iterator[tuple[Points, bool]]:
        """Yield the lane of rows in order in slices, and whether the last step of a slice continues."""
        before = no_points()
        for points in self._sweep():
            for start in range(0, len(points), size):
                after = points.select(slice(start, start + size))
                if len(before):
                    yield before, self._by_step and bool(before.step[-1] == after.step[0])
                before = after
        if len(before):
            yield before, False

    def _sweep(self) -> Iterator[Points]:
        """Yield the points of all tiles in order, up to the first that a later tile may precede."""
        tiles = []
        for series_row in self.rows:
            directory = self._view.directories[series_row.pk]
            outside, _ = self._window.judge_tiles(directory.tiles[directory.leaves])
            leaves = directory.leaves[~outside]
            lines = directory.tiles[leaves]
            keys = lines["first_step" if self._by_step else "first_time"].tolist()
            for key, row, at in zip(keys, lines["first_row"].tolist(), leaves.tolist(), strict=True):
                tiles.append((key, row, series_row.pk, at, series_row))
        tiles.sort(key=lambda tile: tile[:4])
        pending = no_points()
        for i, (_, _, _, at, series_row) in enumerate(tiles):
            arrived = self._window.pick(self._shelf.blob(series_row)(at, True))
            self._shelf.clear()
            if series_row.lane == Lane.STEPLESS_ROWS:
                arrived = Points(
                    arrived.row,
                    arrived.step,
                    arrived.time,
                    _stepless().select(arrived.row * 0),
                    arrived.stage,
                )
            pending = gather([pending, arrived]) if len(pending) else arrived
            pending = pending.by_step() if self._by_step else pending.by_time()
            cut = self._before(pending, *tiles[i + 1][:2]) if i + 1 < len(tiles) else len(pending)
            yield pending.select(slice(0, cut))
            pending = pending.select(slice(cut, None))

    def _before(self, points: Points, key: float, row: int) -> int:
        """Return how many of the points precede the given key and row."""
        column = points.step if self._by_step else points.time
        start, stop = np.searchsorted(column, key), np.searchsorted(column, key, "right")
        return int(start + np.searchsorted(points.row[start:stop], row))

    def _count(self, series_row: Series) -> int:
        if not self._by_step and self._window == WHOLE:
            return int(series_row.count)
        directory = self._view.directories[series_row.pk]
        top = int(directory.column("level").max(initial=0)) + 1
        count = SeriesReader(directory, self._window, by_step=self._by_step, level=top).count(
            self._shelf.blob(series_row)
        )
        self._shelf.clear()
        return count


@cache
def _stepless() -> Values:
    return Values(BOOL, np.zeros(1, dtype=np.int64))


def _meet(rows: Ints, other: Ints) -> tuple[Index, Index]:
    """Return the positions in ascending `rows` and in `other` of the rows in both."""
    if len(other) > 1 and not bool((other[1:] > other[:-1]).all()):
        order = np.argsort(other)
        here, there = _meet(rows, other[order])
        return here, order[there]
    at = np.minimum(np.searchsorted(other, rows), len(other) - 1)
    here = np.flatnonzero(other[at] == rows)
    return here, at[here]


def _last_of_each(groups: Index, values: Values, carry: tuple[Index, Values] | None) -> tuple[Index, Values]:
    """Return the last value of each group; carried values precede those of the first group."""
    if carry is not None:
        groups, values = np.concatenate([carry[0], groups]), join([carry[1], values])
    last = np.flatnonzero(np.concatenate([groups[1:] != groups[:-1], [True]])) if len(groups) else groups
    return groups[last], values.select(last)


def _divide(block: Block) -> tuple[Block, Cells]:
    """Return all rows but the last, and the cells of the last one, which continues."""
    last = len(block) - 1
    rest, carry = {}, {}
    for name, (at, values) in block.cells.items():
        stop = len(at) - int(len(at) > 0 and at[-1] == last)
        rest[name] = at[:stop], values.select(slice(0, stop))
        if stop < len(at):
            carry[name] = np.zeros(1, dtype=np.intp), values.select(slice(stop, None))
    return Block(block.step[:last], block.stepped[:last], block.time[:last], rest), carry
