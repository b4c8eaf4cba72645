"""Which values can be logged, and what plain value stands for one of numpy, torch or jax (none is imported)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from typing import Any

from runicorn.store import layout
from runicorn.store.notices import Notices

PLAIN = frozenset({bool, int, float, str, type(None)})
DEPTH = 20
# What methods of other people's values raise when the value is not a single number: torch has RuntimeError for a
# tensor of many elements, numpy ValueError, jax TypeError under tracing.
REFUSALS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class NotLoggable(Exception):
    """The value has no plain form."""


def scalar(value: Any) -> Any:
    """The bool, int, float, str or None that stands for `value`.

    Raises:
        NotLoggable: it is no single value, or one that JSON cannot hold.
    """
    if type(value) in PLAIN:
        return _within_reach(value)
    for kind in (int, float, str):  # numpy's float64, IntEnum, and the like
        if isinstance(value, kind):
            return _within_reach(kind(value))
    try:
        plain = _converted(value)
    except REFUSALS:
        raise NotLoggable from None
    if type(plain) not in PLAIN:
        raise NotLoggable
    return plain


def _converted(value: Any) -> Any:
    """`item()` is how numpy, torch and jax give a Python number; Decimal and Fraction have `__float__`."""
    if hasattr(value, "item"):
        plain = value.item()
        # numpy's long double has no Python type to become, and stays what it is.
        return float(plain) if type(plain) is type(value) else plain
    return float(value) if hasattr(value, "__float__") else value


def _within_reach(value: Any) -> Any:
    """An integer beyond every float can neither be drawn nor, past a limit, be printed by Python."""
    if type(value) is int and value.bit_length() > 1024:
        raise NotLoggable
    return value


def metrics(values: Mapping[Any, Any], notices: Notices) -> dict[str, Any]:
    """The values of one record as they can be written; what is left out is told once per name."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key)
        if name in layout.RESERVED_METRICS:
            notices.once(f"reserved {name}", _reserved(name))
            continue
        try:
            kept[name] = value if type(value) is float else scalar(value)
        except NotLoggable:
            kind = type(value).__name__
            text = f"{name!r} is a {kind} and was not logged: metrics are numbers, booleans and short texts."
            notices.once(f"odd {name}", text)
    return kept


def _reserved(name: str) -> str:
    if name == "stage":
        return (
            "the name 'stage' is reserved; it was taken as the stage of the record (pass stage=... instead)."
        )
    if name in ("step", "global_step"):
        return f"the name {name!r} is reserved and was not logged; to set the step pass step=..."
    return f"the name {name!r} is reserved and was not logged; the time of every record is kept anyway."


def jsonable(value: Any, depth: int = 0) -> Any:
    """What JSON can hold of `value`: nested mappings and sequences, arrays, paths, dates and enumerations too.

    Raises:
        NotLoggable: it, or something in it, has no such form, or it is nested more than 20 deep.
    """
    if depth > DEPTH:
        raise NotLoggable
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return [jsonable(item, depth + 1) for item in sorted(value, key=str)]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Enum):
        return jsonable(value.value, depth + 1)
    if callable(getattr(value, "isoformat", None)):
        return str(value.isoformat())
    return _scalar_or_array(value)


def _scalar_or_array(value: Any) -> Any:
    try:
        return scalar(value)
    except NotLoggable:
        if not hasattr(value, "tolist"):
            raise
    try:
        items = value.tolist()
    except REFUSALS:
        raise NotLoggable from None
    if not isinstance(items, list):
        raise NotLoggable
    return jsonable(items)


def described(value: Any) -> Any:
    """Like `jsonable`, but what has no such form is described in words: nothing of a config is left out."""
    try:
        return jsonable(value)
    except NotLoggable:
        name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return f"{getattr(value, '__module__', '')}.{name}".lstrip(".")
    try:
        return str(value)[:1000]
    except REFUSALS:
        return f"<{type(value).__name__}>"
