"""Single samples, and samples cut for lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runicorn.json_value import JsonObject
from samples.errors import NoSuchSample
from samples.query import table
from samples.store.piece import Piece

STEP = re.compile(r"-?[0-9]{1,18}")
"""A step in a text: 64 bits hold it."""
CUT = 2000
"""Characters of a text, and elements of a list, unless all of it is asked for."""


def cut_row(row: JsonObject, longest: int = CUT, mark: str = "") -> JsonObject:
    """Return a sample with `_cut` if any of its texts or lists was cut; `mark` is appended to such texts."""
    result, is_cut = table.cut(row, longest, mark)
    return {**result, "_cut": True} if is_cut else result


def one_row(source: Path, pieces: Sequence[Piece], number: int) -> JsonObject:
    """Return a sample by its number.

    Raises:
        NoSuchSample: there is none.
    """
    place = table.find_row(pieces, number)
    if place is None:
        raise NoSuchSample(number)
    with table.Lines(source, pieces) as lines:
        row = table.read_row(lines, pieces, place)
    if row is None:
        raise NoSuchSample(number)
    return row
