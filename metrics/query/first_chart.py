"""Preparation of the first chart of a server."""

from __future__ import annotations

from contextlib import suppress

from metrics.models import Tile
from metrics.query.series import run_series
from metrics.query.series_view import JournalReplaced
from runs.store import lazy_numpy


def prepare() -> None:
    """Import NumPy and read the newest curve if there are series that are long enough for tiles.

    Their first chart would wait for the import longer than for its points, and take twice the time of the next one: it
    compiles queries, and is the first to use much of NumPy. A server with short runs alone keeps the memory, until its
    first chart.

    Raises:
        DatabaseError: the index cannot be read.
    """
    tile = Tile.objects.only("series").order_by("-pk").first()
    if tile is None:
        return
    lazy_numpy.load()
    with suppress(JournalReplaced):
        run_series(tile.series.run, [tile.series.name])
