"""Filters and order of `wandb.Api().runs`: the operators of MongoDB on fields of runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from runicorn.compat.unknown import warn_once

_MISSING = object()


def matches(run: Any, filters: Mapping[str, Any]) -> bool:
    """Return whether a run meets all conditions; unknown operators are reported once and never match."""
    for name, expected in filters.items():
        if name == "$and":
            is_match = all(matches(run, condition) for condition in expected)
        elif name == "$or":
            is_match = any(matches(run, condition) for condition in expected)
        elif name == "$nor":
            is_match = not any(matches(run, condition) for condition in expected)
        elif isinstance(expected, Mapping) and any(str(key).startswith("$") for key in expected):
            value = field_of(run, name)
            is_match = all(_holds(operator, value, operand) for operator, operand in expected.items())
        else:
            is_match = _equals(field_of(run, name), expected)
        if not is_match:
            return False
    return True


def field_of(run: Any, name: str) -> Any:
    """Return a field of a run: `state`, `config.optim.lr`, `summary_metrics.loss`; None if it is missing."""
    first, _, rest = name.partition(".")
    if first == "config":
        values, path = run._stored_config, rest.removesuffix(".value")
        return values.get(path)
    if first in ("summary", "summary_metrics"):
        return run.summary.get(rest)
    first = {"display_name": "name", "jobType": "job_type", "createdAt": "created_at"}.get(first, first)
    value = run.id if name == "name" else getattr(type(run), first, _MISSING)
    return value if name == "name" else None if value is _MISSING else getattr(run, first)


def sort_key(run: Any, name: str) -> tuple[bool, Any]:
    """Return a key that sorts numbers, then texts, then missing values."""
    value = run.started if name in ("created_at", "createdAt") else field_of(run, name)
    if isinstance(value, (bool, int, float)):
        return (False, (0, value, ""))
    return (value is None, (1, 0, str(value)))


def _equals(value: Any, expected: Any) -> bool:
    return (
        expected in value
        if isinstance(value, list) and not isinstance(expected, list)
        else bool(value == expected)
    )


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(value: Any, operand: Any) -> bool:
        try:
            return value is not None and compare(value, operand)
        except TypeError:
            return False

    return holds


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equals,
    "$ne": lambda value, operand: not _equals(value, operand),
    "$gt": _ordered(lambda value, operand: value > operand),
    "$gte": _ordered(lambda value, operand: value >= operand),
    "$lt": _ordered(lambda value, operand: value < operand),
    "$lte": _ordered(lambda value, operand: value <= operand),
    "$in": lambda value, operand: any(_equals(value, item) for item in operand),
    "$nin": lambda value, operand: not any(_equals(value, item) for item in operand),
    "$exists": lambda value, operand: (value is not None) == bool(operand),
    "$regex": lambda value, operand: re.search(operand, str(value)) is not None,
}


def _holds(operator: str, value: Any, operand: Any) -> bool:
    if operator == "$not":
        return not all(_holds(inner, value, inner_operand) for inner, inner_operand in operand.items())
    if operator not in OPERATORS:
        warn_once(
            f"filter {operator}", f"the filter {operator} of wandb.Api is not supported and matches no run."
        )
        return False
    return OPERATORS[operator](value, operand)
