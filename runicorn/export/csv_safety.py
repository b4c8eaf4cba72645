"""What a spreadsheet would take for a formula is made a text, in CSV and in Excel."""

from __future__ import annotations

from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: Any) -> Any:
    """The value of a cell: a text that begins like a formula gets a leading `'`, everything else stays."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
