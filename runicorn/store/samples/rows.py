"""Rows of samples from lists of dicts and data frames, copied so that the caller may change them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_DEPTH = 100
"""Depth from which values are shared: a circle has no end."""
_SCALARS = frozenset({str, int, float, bool, type(None), bytes})


def rows_of(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a list of dicts, or of a data frame of pandas, polars or Arrow.

    Raises:
        TypeError: `rows` is something else.
    """
    if isinstance(rows, Mapping):
        raise TypeError("samples are a list of dicts: pass [row] for a single one")
    if callable(getattr(rows, "itertuples", None)):  # pandas
        names = [str(name) for name in rows.columns]
        return [dict(zip(names, values)) for values in rows.itertuples(index=False, name=None)]
    if callable(getattr(rows, "iter_rows", None)):  # polars
        return list(rows.iter_rows(named=True))
    if callable(getattr(rows, "to_pylist", None)):  # Arrow
        return list(rows.to_pylist())
    if not isinstance(rows, Iterable) or isinstance(rows, (str, bytes)):
        raise TypeError(f"samples are a list of dicts, not {type(rows).__name__}")
    items = list(rows)
    wrong = next((row for row in items if not isinstance(row, Mapping)), None)
    if wrong is not None:
        raise TypeError(f"a sample is a dict, not {type(wrong).__name__}")
    return items


def copied(rows: list[dict[str, Any]]) -> tuple[list[Any], int]:
    """Return copies of rows, and about how many bytes they have. Texts and frozen values are shared."""
    size = [0]
    return [_copy(row, size, 0) for row in rows], size[0]


def _copy(value: Any, size: list[int], depth: int) -> Any:
    kind = type(value)
    if kind is str:
        size[0] += len(value)
        return value
    if kind in _SCALARS or depth > MOST_DEPTH:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {key: _copy(item, size, depth + 1) for key, item in value.items()}
    if kind is list or kind is tuple:
        # Token ids and log probabilities: copying each would take longer than all else.
        if value and _SCALARS.issuperset(map(type, value)):
            size[0] += (
                sum(len(item) for item in value if type(item) is str)
                if type(value[0]) is str
                else 8 * len(value)
            )
            return list(value)
        return [_copy(item, size, depth + 1) for item in value]
    return _copy_of_array(value, size)


def _copy_of_array(value: Any, size: list[int]) -> Any:
    if hasattr(value, "tolist"):
        size[0] += int(getattr(value, "nbytes", 64))
        for name in ("clone", "copy"):  # torch, numpy
            if callable(getattr(value, name, None)):
                return getattr(value.detach() if hasattr(value, "detach") else value, name)()
    return value
