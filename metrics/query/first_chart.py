"""Preparation of the first chart of a server."""

from __future__ import annotations

import logging
import struct

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError

from metrics.models import Tile
from metrics.query.series import run_series
from metrics.query.series_view import JournalReplaced
from runs.store import lazy_numpy

logger = logging.getLogger(__name__)


def prepare() -> None:
    """Import NumPy and read the newest curve if there are series that are long enough for tiles.

    Their first chart would wait for the import longer than for its points, and take twice the time of the next one: it
    compiles queries, and is the first to use much of NumPy. A server with short runs alone keeps the memory, until its
    first chart.
    """
    try:
        tile = Tile.objects.only("series").order_by("-pk").first()
        if tile is not None:
            lazy_numpy.load()
            run_series(tile.series.run, [tile.series.name])
    # Removed meanwhile, or damaged: a request for that curve reports it, and the server starts.
    except (
        DatabaseError,
        ObjectDoesNotExist,
        JournalReplaced,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        MemoryError,  # by a damaged length
        struct.error,
    ):
        logger.info("The newest curve could not be read before it is asked for", exc_info=True)
