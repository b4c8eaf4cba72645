"""Parse timestamps: Unix seconds or ISO 8601."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from runicorn.message import Message

EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999, the range of `datetime`."""
FORMS = Message("Unix seconds or a date like 2026-01-31 or 2026-01-31T12:00:00Z")


def seconds(text: str) -> float | None:
    """Return Unix seconds, or None if `text` is not a timestamp. A date without a zone is in UTC."""
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        return _of_date(text)
    return value if EARLIEST <= value <= LATEST else None


def _of_date(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
