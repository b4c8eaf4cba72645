"""Statistics of a sheet of curves by column, and their density."""

from __future__ import annotations

import base64
import math
from typing import Any, cast

from metrics.query.distribution.columns import Table, compact
from metrics.store.columns import Floats
from runicorn.api.responses.metrics import CurveDensity, CurveStatistics
from runs.store.lazy_numpy import np

QUANTILES = {"p5": 0.05, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}
OUTER = 0.01
"""Share of all values beyond which they do not decide on the range of a density."""
MARGIN = 0.25
"""Part of the range of the others that is added on either side."""
MOST_RANKED = 200_000
"""Values of which those quantiles are taken: of more, every nth."""
AT_ONCE = 2_000_000
"""Values that are sorted together."""


def statistics(table: Table) -> CurveStatistics:
    """Return the statistics of each column over the curves that have a value there.

    Quantiles follow definition 7 of Hyndman & Fan (1996), the default of NumPy. `std` is that of a sample and needs two
    curves; `sem` is the standard error of the mean.
    """
    count = np.isfinite(table).sum(axis=0)
    ordered = _sorted(table)
    with np.errstate(all="ignore"):
        wide = table.astype(np.float64)
        mean = np.nansum(wide / np.maximum(count, 1), axis=0)
        spread = np.nansum((wide - mean) ** 2, axis=0)
        std = np.where(count > 1, np.sqrt(spread / np.maximum(count - 1, 1)), np.nan)
    answer: dict[str, Any] = {
        "count": count,
        "mean": np.where(count > 0, mean, np.nan),
        "std": std,
        "sem": std / np.sqrt(np.maximum(count, 1)),
        "min": ordered[:, 0] if ordered.shape[1] else np.full(len(count), np.nan),
        "max": _at(ordered, np.maximum(count - 1, 0)),
        **{name: _quantile(ordered, count, share) for name, share in QUANTILES.items()},
    }
    # NumPy arrays, which orjson serializes as lists.
    return cast(CurveStatistics, _columns(answer))


def density(table: Table, rows: int, *, log: bool, everything: bool) -> CurveDensity | None:
    """Return how many curves pass each cell of a grid; None without a value.

    Args:
        rows: of the grid.
        log: rows of equal height on a logarithmic scale; values that are not positive have no place there.
        everything: the grid covers all values, not only those without outliers.
    """
    heights = table[np.isfinite(table) & ((table > 0) | (not log))]
    if not len(heights):
        return None
    low, high = float(heights.min()), float(heights.max())
    if not everything:
        some = heights[:: max(1, len(heights) // MOST_RANKED)]
        inner_low, inner_high = (float(value) for value in np.quantile(some, [OUTER, 1 - OUTER]))
        if log:
            margin = (inner_high / inner_low) ** MARGIN
            low, high = max(low, inner_low / margin), min(high, inner_high * margin)
        else:
            margin = (inner_high - inner_low) * MARGIN
            low, high = max(low, inner_low - margin), min(high, inner_high + margin)
    if low == high:
        # In proportion to a large value: from 1e16 on, one more is the same number.
        half = max(0.5, abs(low) / 2**20)
        low, high = (low / 2, high * 2) if log else (low - half, high + half)
        limit = float(np.finfo(table.dtype).max)
        low, high = max(low, -limit), min(high, limit)
    scale = np.log10 if log else np.asarray
    bottom, top = float(scale(low)), float(scale(high))
    with np.errstate(all="ignore"):
        inside = (table >= low) & (table <= high)
        at = ((scale(table) - bottom) * (rows / (top - bottom))).astype(np.int32)
    cells = np.clip(at, 0, rows - 1) * table.shape[1] + np.arange(table.shape[1], dtype=np.int32)
    counts = np.bincount(cells[inside], minlength=rows * table.shape[1])
    most = int(counts.max())
    # Few curves beside many are to be seen: the logarithm of their number.
    levels = np.ceil(255 * np.log1p(counts) / math.log1p(most)).astype(np.uint8)
    return {
        "low": low,
        "high": high,
        "scale": "log" if log else "linear",
        "rows": rows,
        "most": most,
        "levels": base64.b64encode(levels.tobytes()).decode(),
        "above": int((table > high).any(axis=1).sum()),
        "below": int(((table < low) & ((table > 0) | (not log))).any(axis=1).sum()),
    }


def _sorted(table: Table) -> Table:
    """Return the values of each column in a row, ascending, NaN last."""
    ordered = np.empty(table.shape[::-1], dtype=table.dtype)
    columns = max(1, AT_ONCE // max(len(table), 1))
    for start in range(0, table.shape[1], columns):
        ordered[start : start + columns] = np.sort(table[:, start : start + columns].T, axis=1)
    return ordered


def _quantile(ordered: Table, count: Any, share: float) -> Floats:
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.intp)
    part = place - low
    with np.errstate(all="ignore"):
        quantile: Floats = (
            _at(ordered, low) * (1 - part) + _at(ordered, np.ceil(place).astype(np.intp)) * part
        )
    return quantile


def _at(ordered: Table, place: Any) -> Floats:
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    values: Floats = np.take_along_axis(ordered, place[:, None], axis=1)[:, 0].astype(np.float64)
    return values


def _columns(answer: dict[str, Any]) -> Any:
    return {
        name: np.ascontiguousarray(column if name == "count" else compact(column))
        for name, column in answer.items()
    }
