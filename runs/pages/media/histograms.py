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


def downsampled(entries: Sequence[T], limit: int = MOST) -> list[T]:
    """Return at most `limit` entries, evenly spaced, including the first and the last."""
    if len(entries) <= limit:
        return list(entries)
    return [entries[round(n * (len(entries) - 1) / (limit - 1))] for n in range(limit)]


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
    payload = orjson.loads(content)
    if not isinstance(payload, dict):
        raise ValueError("not an object")
    edges, counts = _numbers(payload.get("edges")), _numbers(payload.get("counts"))
    if (
        edges != sorted(edges)
        or len(edges) != (len(counts) + 1 if counts else 0)
        or min(counts, default=0) < 0
    ):
        raise ValueError("edges and counts do not match")

    def statistic(name: str) -> float | None:
        value = payload.get(name)
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
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in value):
        raise ValueError("not a list of numbers")
    return value
