"""Logged histograms of one key as a series over steps. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson

SUFFIX = ".histogram.json"
MOST = 120
"""Histograms of one series that a page is given."""
LARGEST = 256 * 1024
FIGURES = ("count", "min", "max", "mean", "nan", "positive_infinity", "negative_infinity")

T = TypeVar("T")


def thinned(entries: Sequence[T], most: int = MOST) -> list[T]:
    """At most `most` of them, evenly spread, the first and the last always among them."""
    if len(entries) <= most:
        return list(entries)
    return [entries[round(n * (len(entries) - 1) / (most - 1))] for n in range(most)]


def read(content: bytes) -> dict[str, Any]:
    """The histogram in a file `….histogram.json`: `edges`, `counts` and its figures.

    Raises:
        ValueError: it holds none.
    """
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    edges, counts = _numbers(found.get("edges")), _numbers(found.get("counts"))
    if (
        edges != sorted(edges)
        or len(edges) != (len(counts) + 1 if counts else 0)
        or min(counts, default=0) < 0
    ):
        raise ValueError("edges and counts do not fit together")
    figures = {name: found.get(name) for name in FIGURES}
    return {"edges": edges, "counts": counts} | {
        name: value if isinstance(value, int | float) else None for name, value in figures.items()
    }


def _numbers(value: Any) -> list[float]:
    if not isinstance(value, list) or len(value) > 10_000:
        raise ValueError("not a list of numbers")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in value):
        raise ValueError("not a list of numbers")
    return value
