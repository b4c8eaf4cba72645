"""Correction of p-values where many groups are compared."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values: those of at most α are discoveries with a false discovery rate of α.

    Y. Benjamini and Y. Hochberg, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57
    (1995), 289-300.
    """
    count = len(p_values)
    adjusted = [1.0] * count
    lowest = 1.0
    order = sorted(range(count), key=lambda i: p_values[i], reverse=True)
    for position, i in enumerate(order):
        lowest = min(lowest, p_values[i] * count / (count - position))
        adjusted[i] = lowest
    return adjusted
