"""A consistent view of the series of runs: rows, directories, and tiles on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache as cache_results
from functools import partial

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from metrics.ingest.intake import OF_RUN, journal_of
from metrics.models import Journal, Series, Tail, Tile
from metrics.query.plan import Blob
from metrics.store import codec, pyramid
from metrics.store.cache import cache
from metrics.store.lanes import OF_ROWS, Lane
from metrics.store.points import Points, gather
from metrics.store.pyramid import Node
from metrics.store.tile_index import COLUMNS, TAIL, Directory, Table, table
from runs.index import refresh
from runs.models import Run
from runs.query.prepared_query import PreparedQuery


@contextmanager
def snapshot() -> Iterator[None]:
    """Run the block on one snapshot, whatever is committed meanwhile. The block must not write.

    Not `atomic()`: its transactions take SQLite's write lock at once, and a reader must never wait for a writer.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


_POINT_BYTES = 48
_LINE_BYTES = 8 * len(COLUMNS)
_PLAN_BYTES = _LINE_BYTES + 32
"""Of a directory for each tile: its own copy of the table with the tail, and what it derives from it."""
_FEW = 8
"""Names up to which a query is compiled for each number of them."""
_IDS = 500
"""Ids per query: SQLite supports a thousand."""


class JournalReplaced(Exception):
    """The journal was replaced, and its tiles were deleted, while a series was being read."""


@dataclass(frozen=True, slots=True)
class View:
    """Series of a run, and the state of the journal that they belong to."""

    journal: Journal
    series: list[Series]
    directories: dict[int, Directory]
    """By the id of the series."""

    def lane(self, *lanes: Lane) -> list[Series]:
        return sorted((s for s in self.series if s.lane in lanes), key=lambda series: series.name)


def view(run: Run, lanes: Iterable[Lane], names: Sequence[str] | None = None) -> View | None:
    """Return the series of a run in the given lanes; None if nothing was ingested yet.

    With `names` only those metrics; the lanes of rows are included anyway.
    """
    with snapshot():
        journal = journal_of(run.pk)
        if journal is None:
            return None
        names = None if names is None else list(dict.fromkeys(names))
        if names is not None and len(names) > _FEW:
            series = list(_series(run.pk, journal.generation, *names, lanes=tuple(lanes)))
        else:
            query = _compiled_series(tuple(lanes), None if names is None else len(names))
            series = query.rows(run.pk, journal.generation, *(names or ()))
        return View(journal, series, directories(series))


def _series(
    run: int, generation: int, *names: str, lanes: Sequence[Lane], every: bool = False
) -> QuerySet[Series]:
    rows = Series.objects.filter(run=run, generation=generation, lane__in=lanes)
    if not every:
        rows = rows.filter(Q(name__in=names) | Q(lane__in=OF_ROWS))
    return rows.order_by("name", "lane")


@cache_results
def _compiled_series(lanes: tuple[Lane, ...], names: int | None) -> PreparedQuery[Series]:
    """Return the query of the series in some lanes, with so many names."""
    examples = [f"\0{number}" for number in range(names or 0)]
    return PreparedQuery(partial(_series, lanes=lanes, every=names is None), -1, -2, *examples)


def prepare_charts() -> None:
    """Compile the queries of a chart before the first one is requested."""
    for query in (
        refresh.BY_ID,
        OF_RUN,
        _compiled_series((Lane.METRIC,), 1),
        _compiled_series((Lane.METRIC,), None),
    ):
        query.prepare()


def view_of_several(
    runs: Sequence[Run], lanes: Iterable[Lane], names: Sequence[str] | None, *, limit: int
) -> tuple[View, dict[int, Journal]]:
    """Return at most `limit` series of several runs at one moment, and the runs' journals by the runs' keys.

    The journal of the view itself is a placeholder.
    """
    with snapshot():
        journals = {journal.run_id: journal for journal in Journal.objects.filter(run__in=runs)}
        rows = Series.objects.filter(
            run__in=runs, generation=F("run__journal__generation"), lane__in=list(lanes)
        )
        if names is not None:
            rows = rows.filter(name__in=names)
        series = list(rows.order_by("name", "lane")[:limit])
        return View(Journal(), series, directories(series) if len(series) < limit else {}), journals


def directories(series: Sequence[Series]) -> dict[int, Directory]:
    """Return the directory of each series by its id; reads only tiles added since the last call."""
    tables, tails = _tables(series), _tails(series)
    return {row.pk: _directory(row, tables[row.pk], tails.get(row.pk)) for row in series}


def _directory(series: Series, tiles: Table, tail: Node | None) -> Directory:
    """Return the directory of a series: the last one while it has the same tiles and tail.

    The order of its tiles, which each read needs, takes longer than reading most charts.
    """
    if not series.nodes:
        return Directory(tiles, tail)
    cached: Directory | None = cache.get(("plan", series.uid))
    if cached is None or cached.sealed is not tiles or cached.tail is not tail:
        cached = Directory(tiles, tail)
        cache.put(("plan", series.uid), cached, len(cached.tiles) * _PLAN_BYTES)
    return cached


@dataclass(slots=True)
class TileLoader:
    """The tiles needed by a read, fetched together."""

    view: View
    _tiles: dict[tuple[int, int, bool], Points] = field(default_factory=dict)

    def fetch(self, needs: Iterable[tuple[Series, Sequence[tuple[int, bool]]]]) -> None:
        """Fetch the tiles at those positions of those series: mips, or (True) all points.

        Raises:
            JournalReplaced: the journal was replaced during the read.
        """
        missing: dict[bool, dict[int, tuple[Series, int]]] = {True: {}, False: {}}
        for series, positions in needs:
            directory = self.view.directories[series.pk]
            ids = directory.column("id")
            for at, data in positions:
                tile = int(ids[at])
                points = _of(directory.tail, data) if tile == TAIL else cache.get((series.uid, tile, data))
                if points is None:
                    missing[data][tile] = series, at
                else:
                    self._tiles[series.pk, at, data] = points
        for data, tiles in missing.items():
            self._read(tiles, data)

    def blob(self, series: Series) -> Blob:
        """Return a reader of fetched tiles of that series; other tiles are fetched one by one."""

        def read(at: int, data: bool) -> Points:
            key = (series.pk, at, data)
            if key not in self._tiles:
                self.fetch([(series, [(at, data)])])
            return self._tiles[key]

        return read

    def clear(self) -> None:
        self._tiles.clear()

    def _read(self, tiles: dict[int, tuple[Series, int]], data: bool) -> None:
        ids = sorted(tiles)
        for start in range(0, len(ids), _IDS):
            some = ids[start : start + _IDS]
            rows = Tile.objects.filter(pk__in=some).values_list("pk", "data" if data else "mip")
            count = 0
            for tile, block in rows.iterator():
                series, at = tiles[tile]
                points = codec.decode(block).examined()
                self._tiles[series.pk, at, data] = points
                cache.put((series.uid, tile, data), points, len(points) * _POINT_BYTES)
                if not data and (means := codec.decode_means(block)) is not None:
                    keep_means(series, tile, means)
                count += 1
            if count < len(some):
                raise JournalReplaced


def kept_means(series: Series, tile: int) -> Points | None:
    means: Points | None = cache.get((series.uid, tile, "means"))
    return means


def keep_means(series: Series, tile: int, means: Points) -> None:
    cache.put((series.uid, tile, "means"), means.examined(), len(means) * _POINT_BYTES)


def stored_means(tiles: Sequence[int]) -> dict[int, Points | None]:
    """Return the means of tiles by their ids, None where an earlier version stored none; unknown ids are left out."""
    means_by_tile: dict[int, Points | None] = {}
    for start in range(0, len(tiles), _IDS):
        rows = Tile.objects.filter(pk__in=tiles[start : start + _IDS]).values_list("pk", "mip")
        means_by_tile |= {tile: codec.decode_means(block) for tile, block in rows.iterator()}
    return means_by_tile


def _of(tail: Node | None, data: bool) -> Points | None:
    return None if tail is None else tail.data if data else tail.mip


def _tables(series: Sequence[Series]) -> dict[int, Table]:
    tables: dict[int, Table] = {}
    stale: dict[int, tuple[Series, Table]] = {}
    for row in series:
        cached_table = cache.get(("directory", row.uid)) if row.nodes else None
        cached_table = table([]) if cached_table is None else cached_table
        if len(cached_table) == row.nodes:
            tables[row.pk] = cached_table
        elif len(cached_table) > row.nodes:
            # Tiles are only appended: a table that was read later starts with the same tiles.
            tables[row.pk] = cached_table[: row.nodes]
        else:
            stale[row.pk] = row, cached_table
    for pk, rows in _new_lines(stale).items():
        row, cached_table = stale[pk]
        if len(cached_table):
            cache.note_increment()
        tables[pk] = table([*cached_table.tolist(), *rows])
        cache.put(("directory", row.uid), tables[pk], len(tables[pk]) * _LINE_BYTES)
    return tables


def _new_lines(stale: dict[int, tuple[Series, Table]]) -> dict[int, list[tuple[int | float, ...]]]:
    """Return the lines that the table of each series does not have yet."""
    last = {
        pk: int(cached_table["id"][-1]) if len(cached_table) else 0 for pk, (_, cached_table) in stale.items()
    }
    lines: dict[int, list[tuple[int | float, ...]]] = {pk: [] for pk in stale}
    pks = sorted(stale)
    for start in range(0, len(pks), _IDS):
        some = pks[start : start + _IDS]
        since = min(last[pk] for pk in some)
        tiles = Tile.objects.filter(series_id__in=some, pk__gt=since).order_by("pk")
        for pk, *line in tiles.values_list("series_id", *COLUMNS):
            if line[0] > last[pk]:
                lines[pk].append(tuple(line))
    return lines


def _tails(series: Sequence[Series]) -> dict[int, Node]:
    stored_tails: dict[int, Node] = {}
    missing: dict[int, Series] = {}
    for row in series:
        if row.pending:
            cached = cache.get(("tail", row.uid))
            if cached is not None and cached[0] == row.count:
                stored_tails[row.pk] = cached[1]
            else:
                missing[row.pk] = row
    blocks: dict[int, list[bytes]] = {pk: [] for pk in missing}
    pks = sorted(missing)
    for start in range(0, len(pks), _IDS):
        tails = Tail.objects.filter(series_id__in=pks[start : start + _IDS]).order_by(
            "series_id", "first_row"
        )
        for pk, block in tails.values_list("series_id", "data"):
            blocks[pk].append(bytes(block))
    for pk, row in missing.items():
        points = gather([codec.decode(block) for block in blocks[pk]]).by_step()
        stored_tails[pk] = pyramid.leaf(points, row.segment, row.segment_tiles)
        cache.put(("tail", row.uid), (row.count, stored_tails[pk]), len(points) * _POINT_BYTES)
    return stored_tails
