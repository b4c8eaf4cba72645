"""Conversion of logged values to plain ones, including numpy, torch and jax scalars (without importing them)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from typing import Any

from runicorn.store import layout
from runicorn.store.notices import Notices

PLAIN = frozenset({bool, int, float, str, type(None)})
DEPTH = 20
# Errors of `item()` and `__float__` if the value is not a single number: torch raises RuntimeError for a tensor of
# many elements, numpy ValueError, jax TypeError under tracing.
REFUSALS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class NotLoggable(Exception):
    """The value cannot be converted."""


def scalar(value: Any) -> Any:
    """Return the bool, int, float, str or None that corresponds to `value`.

    Raises:
        NotLoggable: it is not a single value, or cannot be represented in JSON.
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
    """numpy, torch and jax return a Python number by `item()`; Decimal and Fraction have `__float__`."""
    if hasattr(value, "item"):
        plain = value.item()
        # numpy's long double has no Python equivalent and is returned unchanged.
        return float(plain) if type(plain) is type(value) else plain
    return float(value) if hasattr(value, "__float__") else value


def _within_reach(value: Any) -> Any:
    """Return the value, unless it is an integer beyond the range of floats, which cannot be drawn."""
    if type(value) is int and value.bit_length() > 1024:
        raise NotLoggable
    return value


def metrics(values: Mapping[Any, Any], notices: Notices) -> dict[str, Any]:
    """Return the loggable values of a record; what is left out is reported once per name."""
    loggable: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key)
        if name in layout.RESERVED_METRICS:
            notices.once(f"reserved {name}", _reserved(name))
            continue
        try:
            loggable[name] = value if type(value) is float else scalar(value)
        except NotLoggable:
            kind = type(value).__name__
            text = f"{name!r} is a {kind} and was not logged: metrics are numbers, booleans and short texts."
            notices.once(f"odd {name}", text)
    return loggable


def _reserved(name: str) -> str:
    if name == "stage":
        return "the name 'stage' is reserved and was used as the stage of the record; pass stage=... instead."
    if name in ("step", "global_step"):
        return f"the name {name!r} is reserved and was not logged; to set the step pass step=..."
    return f"the name {name!r} is reserved and was not logged; every record has its time anyway."


def jsonable(value: Any, depth: int = 0) -> Any:
    """Convert a value to JSON: nested mappings and sequences, arrays, paths, dates and enumerations too.

    Raises:
        NotLoggable: it, or a part of it, cannot be represented, or it is nested more than 20 levels deep.
    """
    if depth > DEPTH:
        raise NotLoggable
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
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
    """Like `jsonable`, but describe values that cannot be represented: nothing of a config is left out."""
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
