"""A run's config as flat values by which runs are found and sorted: pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from runs.store.sanitize import number

LIMIT = 1000
"""Values of one config that can be searched; a larger config is shown whole all the same."""
KEY_LENGTH = 255
TEXT_LENGTH = 255


class Param(NamedTuple):
    """One value: as a number where it is one, and as text."""

    number: float | None
    text: str


def flatten(config: dict[str, Any]) -> dict[str, Param]:
    """The values of `config` by dotted key, as `{"optim": {"lr": 0.1}}` has `optim.lr`; lists are one value."""
    flat: dict[str, Param] = {}
    for key, value in leaves(config, ""):
        if len(flat) == LIMIT:
            break
        if len(key) <= KEY_LENGTH:
            flat[key] = Param(number(value), as_text(value))
    return flat


def as_text(value: object) -> str:
    """Text as it is, everything else as JSON, so that a filter may ask for `true` or `null`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)  # what json writes, and most values are numbers
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:TEXT_LENGTH]


def leaves(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield from leaves(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item
