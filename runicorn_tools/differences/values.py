"""Differences of settings: nested objects, lists, and values whose type has changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from runicorn.api.responses.differences import ValueDifference

SHORT_LIST = 8
"""Length up to which a list of plain values is one value."""
LONGEST = 10_000
"""Length of a list beyond which it is compared as a whole."""
DEPTH = 20


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> ValueDifference:
    """Return the keys that were changed, added or removed from `a` to `b`, in the order of `b`.

    The keys of nested objects are dotted (`optim.lr`), those of elements of long or nested lists are numbered
    (`layers[2].units`). 1 and 1.0 are equal; 1, "1" and true are not.
    """
    left, right = dict(flat(a)), dict(flat(b))
    changed = []
    for key, value in right.items():
        if key in left and not is_equal(left[key], value):
            changed.append({"key": key, "a": left[key], "b": value})
            if type_name(left[key]) != type_name(value):
                changed[-1]["types"] = [type_name(left[key]), type_name(value)]
    return {
        "changed": changed,  # type: ignore[typeddict-item]
        "added": [{"key": key, "b": value} for key, value in right.items() if key not in left],
        "removed": [{"key": key, "a": value} for key, value in left.items() if key not in right],
    }


def flat(values: Mapping[str, Any], prefix: str = "", depth: int = DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield the settings of nested objects and lists by their key."""
    for key, value in values.items():
        yield from _flat(f"{prefix}{key}", value, depth)


def _flat(key: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value and depth:
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner, depth - 1)
    elif isinstance(value, list) and depth and _is_nested(value):
        for number, inner in enumerate(value):
            yield from _flat(f"{key}[{number}]", inner, depth - 1)
    else:
        yield key, value


def _is_nested(value: list[Any]) -> bool:
    if not value or len(value) > LONGEST:
        return False
    return len(value) > SHORT_LIST or any(isinstance(item, (Mapping, list)) for item in value)


def is_equal(a: Any, b: Any) -> bool:
    """Return whether two settings are the same; NaN equals itself."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(is_equal, a, b))
    return type(a) is type(b) and bool(a == b)


def type_name(value: Any) -> str:
    """Return the name of the JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    names = {str: "text", list: "list", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
