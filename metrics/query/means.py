"""Tiles of means: of 32 points each at level 1, of sixteen times as many at each level above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metrics.models import Series
from metrics.query.plan import Blob
from metrics.query.series_view import (
    JournalReplaced,
    TileLoader,
    View,
    keep_means,
    kept_means,
    stored_means,
)
from metrics.store import pyramid
from metrics.store.means import counted, means_of, means_of_means
from metrics.store.points import Points, no_points
from metrics.store.tile_index import TAIL, Directory
from runs.store.lazy_numpy import np


class MeansLoader:
    """The means of tiles that a reading needs, fetched together; where all points are needed, each is its own mean."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._points = TileLoader(view)
        self._means: dict[tuple[int, int], Points] = {}

    def fetch(self, needs: Iterable[tuple[Series, Sequence[tuple[int, bool]]]]) -> None:
        """Read the tiles at those positions of those series: means, or (True) all points.

        Raises:
            JournalReplaced: the series have been replaced meanwhile.
        """
        requests = list(needs)
        self._points.fetch(
            (row, [(at, True) for at, data in positions if data]) for row, positions in requests
        )
        tiles: dict[int, tuple[Series, int]] = {}
        for row, positions in requests:
            directory = self._view.directories[row.pk]
            ids = directory.column("id")
            for at, data in positions:
                if data or ids[at] == TAIL:
                    continue
                cached = kept_means(row, int(ids[at]))
                if cached is None:
                    tiles[int(ids[at])] = row, at
                else:
                    self._means[row.pk, at] = cached
        means_by_tile = stored_means(sorted(tiles))
        if len(means_by_tile) < len(tiles):
            raise JournalReplaced
        for tile, (row, at) in tiles.items():
            means = means_by_tile[tile]
            self._means[row.pk, at] = self._computed(row, at) if means is None else means

    def blob(self, series: Series) -> Blob:
        """Reads fetched tiles of that series."""
        read_points = self._points.blob(series)

        def means(at: int, data: bool) -> Points:
            if data:
                return counted(read_points(at, True))
            if (series.pk, at) not in self._means:
                tail = self._view.directories[series.pk].tail
                self._means[series.pk, at] = no_points() if tail is None or tail.means is None else tail.means
            return self._means[series.pk, at]

        return means

    def _computed(self, series: Series, at: int) -> Points:
        """Return the means of a tile that an earlier version stored."""
        directory: Directory = self._view.directories[series.pk]
        if directory.column("level")[at] == 0:
            means = means_of(self._points.blob(series)(at, True), pyramid.SHAPE.bucket)
            keep_means(series, int(directory.column("id")[at]), means)
            return means
        children = directory.children(np.array([at])).tolist()
        self.fetch([(series, [(child, False) for child in children])])
        return means_of_means([self._means[series.pk, child] for child in children], pyramid.SHAPE.fan)
