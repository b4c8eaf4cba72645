"""Protection against formula injection in CSV and Excel."""

from __future__ import annotations

from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(value: Any) -> Any:
    """Return the value of a cell: a text that begins like a formula gets a leading `'`."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
