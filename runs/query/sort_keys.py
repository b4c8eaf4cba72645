"""Sort keys and lists of them, such as `-metric.val/acc.best,name`: descending with a leading minus. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runs.query.where.ast import FIGURES

MOST_KEYS = 6
_MOST_PARTS = 60


def metric_of(key: str) -> tuple[str, str] | None:
    """Split `metric.<name>.<aggregate>` into the name, which may contain dots, and the aggregate; None for other keys."""
    kind, _, rest = key.partition(".")
    name, _, aggregate = rest.rpartition(".")
    return (name, aggregate) if kind == "metric" and name and aggregate in FIGURES else None


def split(text: str, is_key: Callable[[str], bool]) -> tuple[str, ...]:
    """Split a list of keys at its commas; empty if it is malformed.

    Metrics and config keys may contain commas, so a part that is not a key belongs to the one before it.

    Args:
        text: the keys, each with its minus.
        is_key: whether a text without a minus is a key.
    """
    parts = text.split(",")[:_MOST_PARTS]
    # From the end: the keys of all parts from a position on, with the shortest possible first key.
    splits: list[tuple[str, ...]] = [()] * (len(parts) + 1)
    for start in reversed(range(len(parts))):
        for end in range(start + 1, len(parts) + 1):
            key = ",".join(parts[start:end])
            if is_key(key.removeprefix("-")) and (splits[end] or end == len(parts)):
                splits[start] = (key, *splits[end])
                break
    first_of_each = {key.removeprefix("-"): key for key in reversed(splits[0])}
    return tuple(key for key in splits[0] if first_of_each.pop(key.removeprefix("-"), None) == key)[
        :MOST_KEYS
    ]
