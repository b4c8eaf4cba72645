"""Write the series of one run during the ingest of its journal.

Slow work (sealing, encoding) happens in `prepare`, before the transaction; `write` only sends rows.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from metrics.ingest.parse import Batch
from metrics.ingest.sealing import Growth
from metrics.ingest.series_stats import update_stats
from metrics.models import Series, Tail, Tile
from metrics.store import codec
from metrics.store.lanes import Lane
from metrics.store.points import Points, gather, no_points
from metrics.store.pyramid import Node
from metrics.store.tile_index import COLUMNS
from runs.index import bulk
from runs.models import Run
from runs.store.metric_stats import MetricStats

TAILS = 16
"""Number of tails of a series after which they are merged into one."""
_TAIL = ("series", "first_row", "count", "data")
_CONSTANT = ("run", "uid", "generation", "lane", "name")
_CHANGING = [field.name for field in Series._meta.concrete_fields if field.name not in ("id", *_CONSTANT)]
_CHANGES = attrgetter(*_CHANGING, "pk")


@dataclass(slots=True)
class _Open:
    series: Series
    growth: Growth
    touched: bool = False


@dataclass(slots=True)
class _Rows:
    """Rows written by one transaction."""

    series: list[Series] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)
    tails: list[tuple[Series, int, int, bytes]] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)


class Writer:
    """Collects batches of one generation of a journal.

    It uses the rows as they were at its creation. The caller checks with the journal's offset that no other process has
    stored rows since, and otherwise discards the writer.
    """

    def __init__(self, run: Run, generation: int) -> None:
        self._run = run
        self._generation = generation
        self._open = {
            (Lane(series.lane), series.name): _Open(series, _growth(series))
            for series in Series.objects.filter(run=run, generation=generation)
        }
        self._rows = _Rows()

    def add(self, batch: Batch) -> None:
        for key, points in batch.series.items():
            opened = self._open.get(key) or self._new(key)
            opened.touched = True
            opened.growth.add(points)
            update_stats(opened.series, points)

    def prepare(self) -> None:
        """Create the rows for everything added since the last `settle`."""
        self._rows = rows = _Rows()
        for opened in self._touched():
            series, growth = opened.series, opened.growth
            rows.series.append(series)
            rows.tiles += [_tile(series, node) for node in growth.sealed]
            self._prepare_tail(opened, rows)
            series.nodes += len(growth.sealed)
            series.segment, series.segment_tiles = growth.segment, growth.segment_tiles
            series.boundary, series.boundary_open = growth.boundary, growth.boundary_open
            series.pending = growth.pending

    def write(self) -> None:
        """Send the rows within the caller's transaction."""
        rows = self._rows
        existing = [series for series in rows.series if series.pk]
        bulk.update(Series, _CHANGING, map(_CHANGES, existing))
        self._insert([series for series in rows.series if not series.pk])
        if rows.emptied:
            Tail.objects.filter(series_id__in=rows.emptied).delete()
        bulk.insert(Tail, _TAIL, ((series.pk, *values) for series, *values in rows.tails))
        Tile.objects.bulk_create(rows.tiles)

    def _insert(self, new: list[Series]) -> None:
        """Insert series and fetch their ids. A first line may bring thousands of them."""
        if not new:
            return
        names = ["run", *_CONSTANT[1:], *_CHANGING]
        bulk.insert(Series, names, map(attrgetter("run_id", *names[1:]), new))
        of_run = Series.objects.filter(run=self._run, generation=self._generation)
        ids = dict(of_run.values_list("uid", "pk"))
        for series in new:
            series.pk = ids[series.uid]

    def settle(self) -> None:
        """Mark the rows as stored."""
        for opened in self._touched():
            opened.growth.settle()
            opened.touched = False
        self._rows = _Rows()

    def changed_stats(self) -> dict[str, MetricStats]:
        stats = {}
        for (lane, name), opened in self._open.items():
            stepless = lane == Lane.STEPLESS and (Lane.METRIC, name) not in self._open
            if opened.touched and (lane == Lane.METRIC or stepless):
                stats[name] = MetricStats.of(opened.series)
        return stats

    def _touched(self) -> Iterator[_Open]:
        return (opened for opened in self._open.values() if opened.touched)

    def _new(self, key: tuple[Lane, str]) -> _Open:
        lane, name = key
        series = Series(run=self._run, generation=self._generation, lane=lane, name=name)
        series.uid = secrets.randbits(63)
        self._open[key] = _Open(series, _growth(series))
        return self._open[key]

    def _prepare_tail(self, opened: _Open, rows: _Rows) -> None:
        """Store fresh points as a tail of their own; when a tile is sealed or there are many tails, merge all."""
        series, growth = opened.series, opened.growth
        # Staggered: series that began together would all be merged together.
        again = series.tail_count >= TAILS + (series.pk or 0) % TAILS
        points = growth.tail() if growth.sealed or again else gather(growth.fresh)
        if (growth.sealed or again) and series.tail_count:
            rows.emptied.append(series.pk)
            series.tail_count = 0
        if len(points):
            first_row = int(points.row.min())
            rows.tails.append((series, first_row, len(points), codec.encode(points)))
            series.tail_count += 1


def _growth(series: Series) -> Growth:
    def stored_tail() -> Points:
        blocks = Tail.objects.filter(series_id=series.pk).order_by("first_row").values_list("data", flat=True)
        return gather([codec.decode(block) for block in blocks]) if series.pk else no_points()

    def siblings(level: int, segment: int, first: int, stop: int) -> list[Node]:
        tiles = Tile.objects.filter(
            series_id=series.pk, level=level, segment=segment, seq__range=(first, stop - 1)
        )
        return [node(tile) for tile in tiles.defer("data").order_by("seq")]

    return Growth(
        ordered=series.lane in (Lane.ROWS, Lane.METRIC),
        segment=series.segment,
        segment_tiles=series.segment_tiles,
        boundary=series.boundary,
        boundary_open=series.boundary_open,
        pending=series.pending,
        stored_tail=stored_tail,
        siblings=siblings,
    )


_PLACE = COLUMNS[1:]


def node(tile: Tile) -> Node:
    """Return the node of a row of `Tile`, without its data."""
    place = {name: getattr(tile, name) for name in _PLACE}
    return Node(**place, mip=codec.decode(tile.mip), means=codec.decode_means(tile.mip))


def _tile(series: Series, node: Node) -> Tile:
    data = None if node.data is None else codec.encode(node.data)
    place = {name: getattr(node, name) for name in _PLACE}
    return Tile(series=series, **place, mip=codec.encode_thinned(node.mip, node.means), data=data)
