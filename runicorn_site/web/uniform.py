"""Columns of one type, as Arrow, polars and DuckDB need them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""Numbers that JSON lacks, as configs are stored."""
WHOLE = 1 << 63
"""Whole numbers from here on have no type in Arrow."""


def uniform(values: list[Any]) -> list[Any]:
    """Return a column of one type: whole numbers beside others as floats, anything else mixed as JSON texts.

    NaN and infinities of configs are numbers among numbers. Arrow and polars have one type a column, and pandas should
    not differ from them.
    """
    types = set(map(type, values)) - {type(None)}
    if len(types) > 1 and types <= {int, float, str} and _are_special(values):
        values = [SPECIAL[value] if type(value) is str else value for value in values]
        types = {int, float}
    if types == {int} and all(value is None or -WHOLE <= value < WHOLE for value in values):
        return values
    if types == {float}:
        return values
    if types and types <= {int, float}:
        return [None if value is None else _float(value) for value in values]
    if (len(types) <= 1 and not types & {dict, list}) or (types == {list} and _are_texts(values)):
        return values
    return [value if value is None or type(value) is str else json.dumps(value) for value in values]


def _are_special(values: Iterable[Any]) -> bool:
    return all(value in SPECIAL for value in values if type(value) is str)


def _are_texts(values: Iterable[Any]) -> bool:
    return all(type(item) is str for value in values if value is not None for item in value)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
