"""Content of a board, and its validation.

    {"title": s?,
     "sections": [{"title": s?, "prefix": s? | "match": regex?, "order": ["name", …]?, "folded": b?, "items": [item]?}],
     "pinned": [metric], "hidden": [metric]}

An item is a chart, `{"metrics": [s] | "match": regex, "title"?, "x"?, "x_log"?, "y_log"?, "y_range"?: [low?, high?],
"smoothing"?, "size"?, "position"?}`, or a text cell, `{"markdown": s, "size"?, "position"?}`. `x` is `step`, `time`,
`relative` or the name of a metric; `smoothing` has the parameters of the routes of series without their prefix; `size`
is `[columns, rows]` and `position` `[column, row]`, in cells of a grid of twelve columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

MOST_SECTIONS, MOST_ITEMS, MOST_NAMES = 200, 500, 500
TEXT_LENGTH, NAME_LENGTH, EXPRESSION_LENGTH = 100_000, 255, 500
COLUMNS, ROWS, LOWEST_ROW = 12, 40, 100_000
SMOOTHING_METHODS = ("none", "ema", "time_ema", "mean", "gaussian")
MOST_WEIGHT, LEAST_WIDTH, MOST_WIDTH = 0.9999, 1e-9, 1e15
"""Limits of smoothing, here and in the routes of series."""

Check = Callable[[Any, str], None]


class InvalidBoard(ValueError):
    """The content or the name of a board is invalid; the message says where and why."""


def check_board(value: Any) -> dict[str, Any]:
    """Return a board unchanged.

    Raises:
        InvalidBoard: it is not one.
    """
    board: dict[str, Any] = _object(value, "", BOARD)
    return board


def _object(value: Any, place: str, fields: Mapping[str, Check]) -> Any:
    if not isinstance(value, dict):
        _fail(place, "must be an object")
    for key, content in value.items():
        here = f"{place}.{key}" if place else str(key)
        if key not in fields:
            _fail(here, "is not a field of it")
        fields[key](content, here)
    return value


def _text(longest: int, *, is_blank: bool = True) -> Check:
    def check(value: Any, place: str) -> None:
        if not isinstance(value, str) or len(value) > longest or "\0" in value or not (value or is_blank):
            _fail(place, f"must be text of at most {longest:,} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            _fail(place, "must be valid Unicode")

    return check


def _boolean(value: Any, place: str) -> None:
    if not isinstance(value, bool):
        _fail(place, "must be true or false")


def _number(low: float, high: float) -> Check:
    def check(value: Any, place: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            _fail(place, f"must be a number from {low:g} to {high:g}")

    return check


def _integer(low: int, high: int) -> Check:
    def check(value: Any, place: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            _fail(place, f"must be a whole number from {low} to {high}")

    return check


def _choice(*choices: str) -> Check:
    def check(value: Any, place: str) -> None:
        if value not in choices:
            _fail(place, f"must be one of {', '.join(choices)}")

    return check


def _list(check: Check, longest: int) -> Check:
    def check_all(value: Any, place: str) -> None:
        if not isinstance(value, list) or len(value) > longest:
            _fail(place, f"must be a list of at most {longest} entries")
        for i, entry in enumerate(value):
            check(entry, f"{place}[{i}]")

    return check_all


def _expression(value: Any, place: str) -> None:
    _text(EXPRESSION_LENGTH, is_blank=False)(value, place)
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        _fail(place, f"is not a regular expression: {error}")


def _pair(first: Check, second: Check) -> Check:
    def check(value: Any, place: str) -> None:
        if not isinstance(value, list) or len(value) != 2:
            _fail(place, "must be a list of two numbers")
        first(value[0], f"{place}[0]")
        second(value[1], f"{place}[1]")

    return check


def _range(value: Any, place: str) -> None:
    if not isinstance(value, list) or len(value) != 2:
        _fail(place, "must be a list of two numbers, null for an open side")
    for i, end in enumerate(value):
        if end is not None and (
            isinstance(end, bool) or not isinstance(end, (int, float)) or not _is_finite(end)
        ):
            _fail(f"{place}[{i}]", "must be a finite number or null")
    if None not in value and value[0] >= value[1]:
        _fail(place, "must begin below its end")


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _item(value: Any, place: str) -> None:
    if not isinstance(value, dict):
        _fail(place, "must be an object")
    kinds = [key for key in ("metrics", "match", "markdown") if key in value]
    if len(kinds) != 1:
        _fail(place, "must have one of metrics, match and markdown")
    _object(value, place, TEXT if kinds == ["markdown"] else CHART)


def _section(value: Any, place: str) -> None:
    _object(value, place, SECTION)
    if "prefix" in value and "match" in value:
        _fail(place, "must not have both prefix and match")


def _fail(place: str, problem: str) -> None:
    raise InvalidBoard(f"{place or 'The board'} {problem}.")


_name = _text(NAME_LENGTH, is_blank=False)
_positive = _number(LEAST_WIDTH, MOST_WIDTH)
_names = _list(_name, MOST_NAMES)
SMOOTHING: Mapping[str, Check] = {
    "method": _choice(*SMOOTHING_METHODS),
    "weight": _number(0, MOST_WEIGHT),
    "half_life": _positive,
    "window": _positive,
    "sigma": _positive,
    "unit": _choice("points", "x"),
}
PLACED: Mapping[str, Check] = {
    "size": _pair(_integer(1, COLUMNS), _integer(1, ROWS)),
    "position": _pair(_integer(0, COLUMNS - 1), _integer(0, LOWEST_ROW)),
}
TEXT: Mapping[str, Check] = {"markdown": _text(TEXT_LENGTH), **PLACED}
CHART: Mapping[str, Check] = {
    "title": _text(NAME_LENGTH),
    "metrics": _names,
    "match": _expression,
    "x": _name,
    "x_log": _boolean,
    "y_log": _boolean,
    "y_range": _range,
    "smoothing": lambda value, place: _object(value, place, SMOOTHING),
    **PLACED,
}
SECTION: Mapping[str, Check] = {
    "title": _text(NAME_LENGTH),
    "prefix": _text(NAME_LENGTH),
    "match": _expression,
    "order": _names,
    "folded": _boolean,
    "items": _list(_item, MOST_ITEMS),
}
BOARD: Mapping[str, Check] = {
    "title": _text(NAME_LENGTH),
    "sections": _list(_section, MOST_SECTIONS),
    "pinned": _names,
    "hidden": _names,
}
