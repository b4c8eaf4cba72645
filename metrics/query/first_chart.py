"""Preparation of the first chart of a server."""

from __future__ import annotations

from metrics.models import Tile
from runs.store import lazy_numpy


def prepare() -> None:
    """Import NumPy if there are series that are long enough for tiles.

    Their first chart would wait for the import longer than for its points. A server with short runs alone keeps the
    memory, until its first chart.

    Raises:
        DatabaseError: the index cannot be read.
    """
    if Tile.objects.exists():
        lazy_numpy.load()
