"""A run's config as flat values for search and sorting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from runs.store.sanitize import number

LIMIT = 1000
"""Maximum number of searchable values of a config; a larger one is still shown completely."""
KEY_LENGTH = 255
TEXT_LENGTH = 255


class Param(NamedTuple):
    """A value: as a number if it is one, and as text."""

    number: float | None
    text: str


def flatten(config: dict[str, Any]) -> dict[str, Param]:
    """Return the values of `config` by dotted key: `{"optim": {"lr": 0.1}}` has `optim.lr`; a list is one value."""
    flat: dict[str, Param] = {}
    for key, value in leaves(config, ""):
        if len(flat) == LIMIT:
            break
        if len(key) <= KEY_LENGTH:
            flat[key] = Param(number(value), as_text(value))
    return flat


def as_text(value: object) -> str:
    """Return text unchanged and everything else as JSON, so that filters may ask for `true` or `null`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)  # equal to JSON, and most values are numbers
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:TEXT_LENGTH]


def leaves(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield from leaves(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item
