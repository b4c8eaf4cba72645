"""Fields that bare keys of a condition stand for."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import reduce

from runicorn.message import Message
from runs.query.where.ast import FIELDS, FIGURES, Field, Kind
from runs.query.where.completion import quoted

CONFIG, METRIC = "config", "metric"
Key = tuple[str, str, int]
"""Kind, name, and number of runs that have it."""


def future(key: str) -> Field:
    """Return the field of a key that no run has: a metric that may be logged later."""
    return Field(Kind.METRIC, key, FIGURES["last"])


def resolve(keys: Sequence[Key], key: str) -> Field | str | None:
    """Return the field that a bare key stands for, or "Did you mean …?" where that is not certain.

    A key stands for the only config key that is called so, with or without what comes before its last dot or slash;
    without any, for the only such metric.
    """
    namesakes = _namesakes(keys, key)
    if settings := [named for named in namesakes if named[0] == CONFIG]:
        namesakes = settings
    if len(namesakes) == 1:
        kind, name, _ = namesakes[0]
        return Field(Kind.CONFIG, name) if kind == CONFIG else Field(Kind.METRIC, name, FIGURES["last"])
    if not (best := likely(keys, key)):
        return None
    either = reduce(
        lambda alternatives, other: Message("{one} or {other}", one=alternatives, other=other),
        [dotted(kind, name) for kind, name, _ in best],
    )
    return Message("Did you mean {keys}?", keys=either)


def likely(keys: Sequence[Key], key: str) -> list[Key]:
    """Return the fields that an unknown key may stand for, at most three, those of most runs first."""
    if not (candidates := _namesakes(keys, key)):
        by_name = {name: named for named in keys for name in (named[1], named[1].rpartition(".")[2])}
        candidates = [by_name[name] for name in get_close_matches(key, list(by_name), n=3, cutoff=0.75)]
        candidates += [("", name, 0) for name in get_close_matches(key, list(FIELDS), n=1, cutoff=0.75)]
    return sorted(dict.fromkeys(candidates), key=lambda named: -named[2])[:3]


def dotted(kind: str, name: str) -> str:
    """Return a key as a condition names it."""
    return f"{kind}.{quoted(name)}" if kind else name


def _namesakes(keys: Sequence[Key], key: str) -> list[Key]:
    return [named for named in keys if named[1] == key or named[1].endswith((f".{key}", f"/{key}"))]
