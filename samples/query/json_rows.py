"""Values of samples for strict JSON."""

from __future__ import annotations

import math
from typing import Any


def strict(value: Any) -> Any:
    """Replace NaN and infinities by null, and integers beyond 64 bits by floats, which other parsers read."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int:
        return value if -(2**63) <= value < 2**63 else _as_float(value)
    if kind is list:
        return [strict(item) for item in value]
    if kind is dict:
        return {key: strict(item) for key, item in value.items()}
    return value


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None
