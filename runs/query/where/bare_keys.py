"""Fields that bare keys of a condition stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import reduce

from runicorn.message import Message
from runs.query.where.ast import FIELDS, FIGURES, Field, Kind
from runs.query.where.completion import quoted

CONFIG, METRIC = "config", "metric"
EVERY = ""
"""All projects, where the keys of one are asked for."""
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
    matches = namesakes(keys, key)
    if settings := [entry for entry in matches if entry[0] == CONFIG]:
        matches = settings
    if len(matches) == 1:
        kind, name, _ = matches[0]
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
    if not (candidates := namesakes(keys, key)):
        by_name = {name: entry for entry in keys for name in (entry[1], entry[1].rpartition(".")[2])}
        candidates = [by_name[name] for name in get_close_matches(key, list(by_name), n=3, cutoff=0.75)]
        candidates += [("", name, 0) for name in get_close_matches(key, list(FIELDS), n=1, cutoff=0.75)]
    return sorted(dict.fromkeys(candidates), key=lambda entry: -entry[2])[:3]


def candidates(keys_of: Callable[[str], Sequence[Key]], projects: Sequence[str], key: str) -> Sequence[Key]:
    """Return the keys among which a bare key is looked up: those of the projects that are asked about.

    If none of theirs is called so, it may be logged there later, and those of `EVERY` project are.
    """
    of_projects = merged(map(keys_of, projects))
    return of_projects if namesakes(of_projects, key) else keys_of(EVERY)


def merged(keys: Iterable[Iterable[Key]]) -> list[Key]:
    """Return the keys of several projects, with the runs of all of them."""
    runs: Counter[tuple[str, str]] = Counter()
    for of_project in keys:
        for kind, name, count in of_project:
            runs[kind, name] += count
    return [(kind, name, count) for (kind, name), count in runs.items()]


def dotted(kind: str, name: str) -> str:
    """Return a key as a condition names it."""
    return f"{kind}.{quoted(name)}" if kind else name


def namesakes(keys: Iterable[Key], key: str) -> list[Key]:
    """Return the keys that are called so, with or without what comes before their last dot or slash."""
    return [entry for entry in keys if entry[1] == key or entry[1].endswith((f".{key}", f"/{key}"))]
