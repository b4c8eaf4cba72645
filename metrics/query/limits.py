"""The ceiling of answers that hold whole series."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework.exceptions import ValidationError

from metrics.models import Series

MOST_NUMBERS = 2_500_000
"""In one answer: some 50 MB of JSON."""
MOST_SERIES = 20_000
TOO_MUCH = "Too much for one answer: ask for fewer runs, names or points, or for fewer groups"


def check_size(series: Sequence[Series], points: int, *, per_point: int = 2, more: int = 0) -> None:
    """Refuse an answer that would be too large, before any point is read.

    Args:
        series: what would be answered.
        points: at most so many of each.
        per_point: numbers for each point.
        more: numbers besides.

    Raises:
        ValidationError: there are more than `MOST_SERIES` series or `MOST_NUMBERS` numbers.
    """
    numbers = per_point * sum(min(points, one.count) for one in series) + more
    if len(series) > MOST_SERIES or numbers > MOST_NUMBERS:
        raise ValidationError({"points": [TOO_MUCH]})
