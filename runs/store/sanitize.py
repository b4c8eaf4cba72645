"""Sanitizer for values in a store that a database or JSON response cannot contain.

Stores are written by other programs, other versions, and people with editors. Non-finite numbers, invalid Unicode and
endless nesting must cost a value, never a run.
"""

from __future__ import annotations

import math
import re

from runicorn.json_value import JsonObject, JsonValue

DEPTH = 40
"""Maximum nesting. orjson writes 254 levels, SQLite reads 1,000."""
INTEGER = 2**63
# Lone surrogates cannot be encoded, and PostgreSQL does not store NUL.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(value: object, limit: int) -> str:
    """Return `value` as text of at most `limit` characters that every database can store; "" if it is not text."""
    if not isinstance(value, str):
        return ""
    return UNSTORABLE.sub("\ufffd", value[:limit])


def number(value: object) -> float | None:
    """Return a finite number as a float; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        value = float(value)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def integer(value: object) -> int | None:
    """Return an integer of at most eight bytes; None for anything else, booleans included."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -INTEGER <= value < INTEGER else None


class Cleaner:
    """Makes JSON values storable, and records the top-level keys whose values were changed."""

    def __init__(self) -> None:
        self.not_finite: list[str] = []
        self.too_deep: list[str] = []

    def clean(self, value: JsonObject) -> JsonObject:
        """Return the object with NaN and infinities as None, and nesting beyond `DEPTH` cut off."""
        return {UNSTORABLE.sub("\ufffd", key): self._value(item, key, 1) for key, item in value.items()}

    def _value(self, value: JsonValue, top: str, depth: int) -> JsonValue:
        if isinstance(value, str):
            return UNSTORABLE.sub("\ufffd", value)
        if isinstance(value, float):
            return self._float(value, top)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if -INTEGER <= value < INTEGER else self._big(value, top)
        if depth >= DEPTH:
            _note(self.too_deep, top)
            return None
        if isinstance(value, dict):
            return {
                UNSTORABLE.sub("\ufffd", key): self._value(item, top, depth + 1)
                for key, item in value.items()
            }
        return [self._value(item, top, depth + 1) for item in value]

    def _float(self, value: float, top: str) -> float | None:
        if math.isfinite(value):
            return value
        _note(self.not_finite, top)
        return None

    def _big(self, value: int, top: str) -> float | None:
        try:
            return float(value)
        except OverflowError:
            _note(self.not_finite, top)
            return None

    def sentences(self, file: str) -> list[str]:
        """Return warnings about the values that were lost."""
        warnings = []
        if self.not_finite:
            warnings.append(
                f"{file} holds NaN or an infinity for {_names(self.not_finite)}; it is shown as empty."
            )
        if self.too_deep:
            warnings.append(
                f"{file} is nested too deeply below {_names(self.too_deep)}; that part is left out."
            )
        return warnings


def _note(names: list[str], name: str) -> None:
    name = clean_text(name, 60)
    if name not in names:
        names.append(name)


def _names(names: list[str]) -> str:
    listing = ", ".join(f"'{name}'" for name in names[:3])
    return listing if len(names) <= 3 else f"{listing} and {len(names) - 3} more"
