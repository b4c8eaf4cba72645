"""Moments as people and programs write them: Unix seconds or ISO 8601. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from runs.cleaning import number

EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999, as far as a date can be written."""
FORMS = "Unix seconds or a date like 2026-01-31 or 2026-01-31T12:00:00Z"


def seconds(text: str) -> float | None:
    """Unix seconds of `text`; None when it is no moment. A date without a zone is meant in UTC."""
    try:
        value = number(float(text)) if "_" not in text else None
    except ValueError:
        return _of_date(text)
    return value if value is not None and EARLIEST <= value <= LATEST else None


def _of_date(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
