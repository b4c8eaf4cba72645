"""Size limits of responses with complete series."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework.exceptions import ValidationError

from metrics.models import Series

MOST_NUMBERS = 2_500_000
"""Numbers in one response: some 50 MB of JSON."""
MOST_SERIES = 20_000
TOO_MUCH = "Response too large: request fewer runs, names, points or groups"


def check_size(series: Sequence[Series], points: int, *, per_point: int = 2, more: int = 0) -> None:
    """Reject a response that would be too large, before any point is read.

    Args:
        points: maximum number of points of each.
        per_point: numbers per point.

    Raises:
        ValidationError: more than `MOST_SERIES` series or `MOST_NUMBERS` numbers.
    """
    numbers = per_point * sum(min(points, row.count) for row in series) + more
    if len(series) > MOST_SERIES or numbers > MOST_NUMBERS:
        raise ValidationError({"points": [TOO_MUCH]})
