"""Subjects of series."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """Points without a step have separate lanes: by step they do not exist."""

    ROWS = 0
    """One point per `log()` call, without a value, from which rows are built."""
    METRIC = 1
    STEPLESS_ROWS = 2
    STEPLESS = 3
    SYSTEM = 4
    """System metrics: they have a time and no step."""


OF_ROWS = (Lane.ROWS, Lane.STEPLESS_ROWS)
"""The lanes that determine which rows exist."""
