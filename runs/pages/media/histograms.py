"""Logged histograms of one key as a series over steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypedDict, TypeVar

import orjson

SUFFIX = ".histogram.json"
MOST = 120
"""Maximum number of histograms of a series that a page receives."""
LARGEST = 256 * 1024

T = TypeVar("T")


def downsampled(entries: Sequence[T], most: int = MOST) -> list[T]:
    """Return at most `most` entries, evenly spaced, including the first and the last."""
    if len(entries) <= most:
        return list(entries)
    return [entries[round(n * (len(entries) - 1) / (most - 1))] for n in range(most)]


class Histogram(TypedDict):
    """A logged histogram; None for statistics that the file lacks."""

    edges: list[float]
    counts: list[float]
    count: float | None
    min: float | None
    max: float | None
    mean: float | None
    nan: float | None
    positive_infinity: float | None
    negative_infinity: float | None


def read(content: bytes) -> Histogram:
    """Parse a file `….histogram.json`.

    Raises:
        ValueError: it is malformed.
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
        raise ValueError("edges and counts do not match")

    def statistic(name: str) -> float | None:
        value = found.get(name)
        return value if isinstance(value, int | float) else None

    return {
        "edges": edges,
        "counts": counts,
        "count": statistic("count"),
        "min": statistic("min"),
        "max": statistic("max"),
        "mean": statistic("mean"),
        "nan": statistic("nan"),
        "positive_infinity": statistic("positive_infinity"),
        "negative_infinity": statistic("negative_infinity"),
    }


def _numbers(value: Any) -> list[float]:
    if not isinstance(value, list) or len(value) > 10_000:
        raise ValueError("not a list of numbers")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in value):
        raise ValueError("not a list of numbers")
    return value
