"""Typed fields of the small JSON files of a run.

A field of a wrong type counts as missing and adds a warning. `null`, missing and unknown fields add none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from runs.store.sanitize import clean_text, integer, number

T = TypeVar("T")

EARLIEST, LATEST = 0.0, 32503680000.0  # the years 1970 to 3000


def timestamp(value: object) -> float | None:
    """Return Unix seconds; None if the value cannot be a time."""
    seconds = number(value)
    return seconds if seconds is not None and EARLIEST < seconds < LATEST else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    number = integer(value)
    return None if number is None or number < 0 else number


def _list(value: object) -> list[Any] | None:
    return value if isinstance(value, list) else None


class Fields:
    """Fields of one file.

    Args:
        file: name of the file, for the warnings.
        content: its JSON object.
        warnings: list that receives the warnings, each once.
    """

    def __init__(self, file: str, content: Mapping[str, Any], warnings: list[str]) -> None:
        self._file, self._content, self._warnings = file, content, warnings

    def __bool__(self) -> bool:
        return bool(self._content)

    def get(self, key: str) -> Any:
        return self._content.get(key)

    def text(self, key: str, limit: int) -> str | None:
        """Return storable text of at most `limit` characters."""
        return self._read(key, lambda value: _text(value, limit), "is not text")

    def number(self, key: str) -> float | None:
        return self._read(key, number, "is not a number")

    def integer(self, key: str) -> int | None:
        return self._read(key, integer, "is not a whole number")

    def count(self, key: str) -> int | None:
        """Return a non-negative integer of eight bytes."""
        return self._read(key, _count, "is not a count")

    def time(self, key: str) -> float | None:
        """Return Unix seconds of a year from 1970 to 3000."""
        return self._read(key, timestamp, "is not a time in Unix seconds")

    def flag(self, key: str) -> bool:
        return self._read(key, _flag, "is neither true nor false") or False

    def one_of(self, key: str, *words: str) -> str | None:
        choices = " or ".join(f'"{word}"' for word in words)
        return self._read(key, lambda value: value if value in words else None, f"is not {choices}")

    def items(self, key: str) -> list[Any] | None:
        return self._read(key, _list, "is not a list")

    def texts(self, key: str, limit: int) -> list[str] | None:
        """Return the distinct non-empty texts of a list in their order; None if the field is not a list."""
        items = self.items(key)
        if items is None:
            return None
        if not all(isinstance(item, str) for item in items):
            self.warn(f"{key} holds something that is not text")
        return unique_texts(items, limit)

    def warn(self, problem: str) -> None:
        """Add a warning about the file."""
        sentence = f"{self._file}: {problem}."
        if sentence not in self._warnings:
            self._warnings.append(sentence)

    def _read(self, key: str, read: Callable[[object], T | None], wrong: str) -> T | None:
        value = self._content.get(key)
        if value is None:
            return None
        parsed = read(value)
        if parsed is None:
            self.warn(f"{key} {wrong}")
        return parsed


def _text(value: object, limit: int) -> str | None:
    return clean_text(value, limit) if isinstance(value, str) else None


def unique_texts(items: list[Any], limit: int) -> list[str]:
    """Return the distinct non-empty texts among `items` in their order."""
    texts = (clean_text(item, limit).strip() for item in items)
    return list(dict.fromkeys(text for text in texts if text))
