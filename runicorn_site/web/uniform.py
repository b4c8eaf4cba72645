"""Columns of one type, as Arrow, polars and DuckDB need them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def uniform(values: list[Any]) -> list[Any]:
    """Return a column of one type: whole numbers beside others as floats, anything else mixed as JSON texts.

    Arrow and polars have one type a column, and pandas should not differ from them.
    """
    types = {type(value) for value in values if value is not None}
    if (len(types) <= 1 and not types & {dict, list}) or (types == {list} and _are_texts(values)):
        return values
    if types <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return [value if value is None or type(value) is str else json.dumps(value) for value in values]


def _are_texts(values: Iterable[Any]) -> bool:
    return all(type(item) is str for value in values if value is not None for item in value)
