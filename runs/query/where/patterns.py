"""Regular expressions of conditions, restricted to those that are matched quickly.

Python's engine needs exponential time for some expressions, such as `(a+)+b`, and a condition is matched against the
names of all runs. So groups that vary are not repeated, and few parts are repeated without a limit: the time for a
name of n characters is at most that of n³ steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from runicorn.message import Message

LONGEST = 200
MOST_REPEATS = 2
"""Repeated parts of an expression that may begin anywhere; one more if it begins with ^."""
MOST_CHOICES = 30
_SINGLE = frozenset({code.LITERAL, code.NOT_LITERAL, code.IN, code.ANY, code.AT})
_REPEATS = frozenset({code.MAX_REPEAT, code.MIN_REPEAT})


class UnsupportedPattern(ValueError):
    """The expression is malformed, or may take too long."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return an expression that is matched in reasonable time.

    Raises:
        UnsupportedPattern: it is not one.
    """
    if len(pattern) > LONGEST:
        raise UnsupportedPattern(Message("a regular expression has at most {most} characters", most=LONGEST))
    try:
        tree = _parser.parse(pattern)
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnsupportedPattern(
            Message("malformed regular expression ({error})", error=str(error))
        ) from None
    count = _Count()
    count.add(tree, repeated=False)
    anchored = bool(len(tree)) and tree[0] == (code.AT, code.AT_BEGINNING)
    if count.repeats > MOST_REPEATS + anchored or count.choices > MOST_CHOICES:
        raise UnsupportedPattern(
            Message(
                "this regular expression repeats too many parts; use at most {most} of * + {{}}",
                most=MOST_REPEATS,
            )
        )
    return expression


class _Count:
    """Parts of an expression that multiply the ways to match it."""

    def __init__(self) -> None:
        self.repeats = self.choices = 0

    def add(self, items: Iterable[Any], *, repeated: bool) -> None:
        for kind, value in items:
            if kind in _SINGLE:
                continue
            if kind is code.SUBPATTERN:
                self.add(value[3], repeated=repeated)
            elif kind in _REPEATS:
                self._add_repeat(*value, repeated=repeated)
            elif kind is code.BRANCH and not repeated:
                self.choices += len(value[1])
                for branch in value[1]:
                    self.add(branch, repeated=False)
            else:
                raise UnsupportedPattern(
                    Message("this regular expression uses a form that conditions do not support")
                )

    def _add_repeat(self, low: int, high: int, items: Iterable[Any], *, repeated: bool) -> None:
        if high == 1 and not repeated:
            self.choices += 1
            self.add(items, repeated=False)
            return
        if repeated:
            raise UnsupportedPattern(
                Message("this regular expression repeats a repeated part, which may take very long")
            )
        self.repeats += low != high
        self.add(items, repeated=True)
