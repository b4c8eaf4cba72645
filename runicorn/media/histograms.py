"""Histograms of arrays and tensors.

Linear bins from the lowest to the highest finite value; NaN and infinities are counted separately. Uses numpy for arrays,
and works without numpy on nested sequences.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from runicorn.store.averages import mean, within
from runicorn.store.values import REFUSALS, NotLoggable, scalar

BINS = 64
FORMAT = "runicorn.histogram/1"
PAD = 0.5
"""Half the width of the histogram if all values are equal, as in numpy."""
DEPTH = 32
PART = 1_000_000


def histogram(values: Any, bins: int = BINS) -> dict[str, Any]:
    """Return the histogram of `values`.

    Args:
        values: a tensor, an array, or numbers nested in lists and tuples; of any shape.
        bins: number of bins of equal width.

    Returns:
        `{format, edges: [bins + 1], counts: [bins], count, min, max, mean, nan, positive_infinity,
        negative_infinity}`. `edges` ascend; the last bin includes its upper edge. `count` counts
        finite values; without any, there are no edges, and min, max and mean are None.

    Raises:
        TypeError: a value is not a number.
        ValueError: `bins` is not between 1 and 1024.
    """
    if not 1 <= bins <= 1024:
        raise ValueError(f"A histogram has 1 to 1024 bins, not {bins}.")
    array = _array(values)
    if array is not None:
        return _of_array(array, bins)
    numbers = list(_numbers(values, 0))
    finite = [number for number in numbers if math.isfinite(number)]
    special = (sum(map(math.isnan, numbers)), numbers.count(math.inf), numbers.count(-math.inf))
    if not finite:
        return _result([], [], 0, None, None, None, special)
    edges = _edges(min(finite), max(finite), bins)
    counts = [0] * bins
    for number in finite:
        counts[_place(number, edges)] += 1
    return _result(edges, counts, len(finite), min(finite), max(finite), mean(finite), special)


def of_bins(edges: list[float], counts: list[int]) -> dict[str, Any]:
    """Return a histogram whose values were counted elsewhere; its mean is that of the middles of the bins.

    Args:
        edges: ascending, one more than `counts`.

    Raises:
        ValueError: the numbers of edges and counts do not match, or an edge is not finite.
    """
    if len(edges) != len(counts) + 1 or not all(map(math.isfinite, edges)):
        raise ValueError("A histogram has one finite edge more than counts.")
    count = sum(counts)
    if not count:
        return _result([], [], 0, None, None, None, (0, 0, 0))
    middle = sum((low + high) / 2 * n for low, high, n in zip(edges[:-1], edges[1:], counts)) / count
    return _result(edges, counts, count, edges[0], edges[-1], middle, (0, 0, 0))


def _result(
    edges: list[float],
    counts: list[int],
    count: int,
    low: float | None,
    high: float | None,
    middle: float | None,
    special: Iterable[int],
) -> dict[str, Any]:
    names = ("nan", "positive_infinity", "negative_infinity")
    shape = {"edges": edges, "counts": counts, "count": count, "min": low, "max": high, "mean": middle}
    return {"format": FORMAT, **shape, **dict(zip(names, special))}


def _edges(low: float, high: float, bins: int) -> list[float]:
    if not high / 2 - low / 2 > 0:  # all the same, or closer together than numbers have room for
        pad = max(PAD, abs(low) * 1e-9)
        low, high = max(low - pad, -sys.float_info.max), min(high + pad, sys.float_info.max)
    # Not computed as a difference: that of the largest numbers is infinite.
    inner = (low * (1 - n / bins) + high * (n / bins) for n in range(bins))
    return [*(min(edge, high) for edge in accumulate(inner, max)), high]


def _place(number: float, edges: list[float]) -> int:
    low, high = edges[0] / 2, edges[-1] / 2
    return min(len(edges) - 2, int((number / 2 - low) / (high - low) * (len(edges) - 1)))


def _array(values: Any) -> Any:
    """Return a flat numpy array of numbers; None if `values` is not one and cannot be converted."""
    if hasattr(values, "detach"):  # torch: off the graph and the device; numpy has no bfloat16
        try:
            values = values.detach().cpu()
            values = (
                values.float() if values.is_floating_point() and values.itemsize < 4 else values
            ).numpy()
        except REFUSALS:
            return None
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not hasattr(values, "__array__"):
        return None
    array = numpy.asarray(values)
    return array.ravel() if array.dtype.kind in "biuf" else None


def _of_array(array: Any, bins: int) -> dict[str, Any]:
    numpy: Any = sys.modules["numpy"]
    special = [0, 0, 0]
    low, high, count = math.inf, -math.inf, 0
    for part in _parts(array):
        finite = part[numpy.isfinite(part)]
        for n, test in enumerate((numpy.isnan, numpy.isposinf, numpy.isneginf)):
            special[n] += int(test(part).sum())
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            count += int(finite.size)
    if not count:
        return _result([], [], 0, None, None, None, special)
    edges = _edges(low, high, bins)
    first, last = edges[0] / 2, edges[-1] / 2
    counts, half = numpy.zeros(bins, numpy.int64), 0.0
    for part in _parts(array):
        finite = part[numpy.isfinite(part)]
        places = ((finite / 2 - first) / (last - first) * bins).astype(numpy.int64).clip(0, bins - 1)
        counts += numpy.bincount(places, minlength=bins)
        half += float((finite / 2 / count).sum())
    return _result(edges, counts.tolist(), count, low, high, within(2 * half, low, high), special)


def _parts(array: Any) -> Iterator[Any]:
    """Yield a million values at a time in double precision: a tensor can be as large as the memory."""
    for start in range(0, array.size, PART):
        yield array[start : start + PART].astype("float64")


def _numbers(values: Any, depth: int) -> Iterator[float]:
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) and depth < DEPTH:
        for value in values:
            yield from _numbers(value, depth + 1)
        return
    try:
        number = scalar(values)
    except NotLoggable:
        number = None
    if not isinstance(number, (int, float)):
        raise TypeError(f"A histogram takes numbers, not {type(values).__name__}.")
    yield float(number)
