"""What a series of points is about."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """Points without a step have lanes of their own: by step they do not exist."""

    ROWS = 0
    """One point a `log()` call, without a value: what the rows of an answer are made from."""
    METRIC = 1
    STEPLESS_ROWS = 2
    STEPLESS = 3
    SYSTEM = 4
    """Measurements of the machine: they have a time and no step."""


OF_ROWS = (Lane.ROWS, Lane.STEPLESS_ROWS)
"""The lanes that say which rows there are."""
