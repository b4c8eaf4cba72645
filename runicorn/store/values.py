"""Conversion of logged values to plain ones, including numpy, torch and jax scalars (without importing them)."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from enum import Enum

from runicorn.store import layout
from runicorn.store.config_objects import items_of, list_of
from runicorn.store.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAIN = frozenset({bool, int, float, str, type(None)})
DEPTH = 20
# Errors of `item()` and `__float__` if the value is not a single number: torch raises RuntimeError for a tensor of
# many elements, numpy ValueError, jax TypeError under tracing.
REFUSALS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
LONG_ARRAY = 1000
"""Number of elements from which an array in a config is abbreviated."""


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
    _add_metrics(loggable, "", values, notices, 0)
    return loggable


def _add_metrics(
    loggable: dict[str, Any], prefix: str, values: Mapping[Any, Any], notices: Notices, depth: int
) -> None:
    """Add the loggable values of a record, those of nested dicts by names joined with slashes."""
    for key, value in values.items():
        name = key if type(key) is str else text_of(key)
        if prefix:
            name = prefix + name
        if name in layout.RESERVED_METRICS:
            notices.once(f"reserved {name}", _reserved(name))
            continue
        try:
            loggable[name] = value if type(value) is float else scalar(value)
        except NotLoggable:
            # Not before: the check takes longer than the conversion of a number.
            inner = items_of(value) if isinstance(value, Mapping) and depth < DEPTH else None
            if inner:
                _add_metrics(loggable, f"{name}/", inner, notices, depth + 1)
                continue
            kind = type(value).__name__
            text = f"{name!r} is a {kind} and was not logged: metrics are numbers, booleans and short texts."
            notices.once(f"odd {name}", text)


def text_of(value: Any) -> str:
    """Return `str(value)`; the name of its type if that fails."""
    try:
        return str(value)
    except REFUSALS:
        return f"<{type(value).__name__}>"


def _reserved(name: str) -> str:
    if name == "stage":
        return "the name 'stage' is reserved and was used as the stage of the record; pass stage=... instead."
    if name in ("step", "global_step"):
        return f"the name {name!r} is reserved and was not logged; to set the step pass step=..."
    return f"the name {name!r} is reserved and was not logged; every record has its time anyway."


def _not_loggable(value: Any) -> Any:
    raise NotLoggable


def jsonable(value: Any, depth: int = 0, leaf: Callable[[Any], Any] = _not_loggable) -> Any:
    """Convert a value to JSON: nested mappings and sequences, settings objects, arrays, paths, dates and enumerations.

    Args:
        leaf: returns what stands for a part that JSON cannot represent.

    Raises:
        NotLoggable: it, or a part of it, cannot be represented, or it is nested more than 20 levels deep.
    """
    if depth > DEPTH:
        raise NotLoggable
    if type(value) in PLAIN:
        return value if type(value) is not int or value.bit_length() <= 1024 else leaf(value)
    items = items_of(value)
    if items is not None:
        return {text_of(key): jsonable(item, depth + 1, leaf) for key, item in items.items()}
    if (elements := list_of(value)) is not None:
        return [jsonable(item, depth + 1, leaf) for item in elements]
    if isinstance(value, (set, frozenset)):
        return [jsonable(item, depth + 1, leaf) for item in sorted(value, key=text_of)]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Enum):
        return jsonable(value.value, depth + 1, leaf)
    try:
        if callable(getattr(value, "isoformat", None)):
            return str(value.isoformat())
        return _scalar_or_array(value)
    except (NotLoggable, *REFUSALS):
        return leaf(value)


def _scalar_or_array(value: Any) -> Any:
    try:
        return scalar(value)
    except NotLoggable:
        items = value.tolist()
    if not isinstance(items, list):
        raise NotLoggable
    return jsonable(items)


def described(value: Any) -> Any:
    """Like `jsonable`, but describe what cannot be represented, and long arrays: nothing of a config is left out."""
    try:
        return jsonable(value, leaf=_description) if not _is_long(value) else _description(value)
    except NotLoggable:
        return _description(value)


def _is_long(value: Any) -> bool:
    try:
        return hasattr(type(value), "tolist") and math.prod(value.shape) > LONG_ARRAY
    except REFUSALS:
        return False


def _description(value: Any) -> str:
    return _name_of(value) or re.sub(r" at 0x[0-9a-fA-F]+", "", text_of(value))[:1000]


def _name_of(value: Any) -> str:
    """Return the qualified name of a function or class; "" for anything else."""
    try:
        name = getattr(value, "__qualname__", None)
        return f"{getattr(value, '__module__', '')}.{name}".lstrip(".") if isinstance(name, str) else ""
    except REFUSALS:
        return ""


def finite(value: Any) -> Any:
    """Replace NaN and infinities, which strict JSON cannot represent, by their names."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
