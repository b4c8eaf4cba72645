"""Difference of two runs, or of a run and a group, in sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runicorn.api.responses.differences import Difference, RunName, ValueDifference
from runicorn_tools.analysis import replicas
from runicorn_tools.differences import code, data, packages, values, words
from runicorn_tools.differences.curves import Curves, FindPartings
from runicorn_tools.differences.facts import RunFacts

SECTIONS = ("code", "config", "seed", "command", "packages", "environment", "artifacts", "hardware")
"""Sections in the order of a project of which nothing is known."""
ReadCurves = Callable[[RunFacts], Curves]


def compare(
    a: RunFacts,
    b: Sequence[RunFacts],
    *,
    curves: ReadCurves | None = None,
    find_partings: FindPartings | None = None,
    replicas_of: Callable[[RunFacts], Sequence[RunFacts]] = lambda run: (),
    order: Sequence[str] = SECTIONS,
    repository: Path | None = None,
) -> Difference:
    """Return what differs from run `a` to run `b`.

    Args:
        a: the earlier run, or the baseline.
        b: the other run; of the several of a group the last stands for it, and settings do not differ if any of its
            runs has the value of `a`.
        curves, find_partings: return the curves of a run, and where curves part; without them `parting` is empty.
        replicas_of: returns further runs that differ from one in nothing but their seed.
        order: sections, those first that are to be listed first.
        repository: see `code.compare`.
    """
    other = b[-1]
    config = compact(
        _without(values.compare(a.config, other.config), a.config, [run.config for run in b[:-1]])
    )
    seeds = seed_keys(a, other)
    difference: Difference = {
        "a": name_of(a),
        "b": name_of(other),
        "config": config,
        "code": code.compare(a, other, repository),
        "packages": compact(packages.compare(a.packages, other.packages))
        if a.packages and other.packages
        else {},
        "environment": _compared(a.variables, other.variables),
        "command": {} if a.command == other.command else {"a": a.command, "b": other.command},
        "hardware": _compared(a.hardware, other.hardware),
        "artifacts": data.compare(a, other),
        "seed": {} if values.is_equal(a.seed, other.seed) else {"a": a.seed, "b": other.seed},
        "parting": [],
        "replica": False,
        "order": [],
        "sentences": [],
    }
    difference["replica"] = _is_replica(a, other, difference)
    if curves is not None and find_partings is not None:
        compared_ids = {a.id, *(entry.id for entry in b)}
        left = [a, *(run for run in replicas_of(a) if run.id not in compared_ids)]
        right = [other, *b[:-1]] if len(b) > 1 else [other, *(r for r in replicas_of(other) if r.id != a.id)]
        shared: list[RunFacts] = []
        if difference["replica"]:
            shared, left, right = left[1:], [a], [other]
        difference["parting"] = find_partings(
            *([curves(run) for run in runs] for runs in (left, right, shared))
        )
    difference["order"] = [name for name in order if difference[name]]  # type: ignore[literal-required]
    difference["sentences"] = words.sentences(difference, seeds)
    return difference


def name_of(run: RunFacts) -> RunName:
    created = run.meta.get("created_at")
    return {
        "id": run.id,
        "project": str(run.meta.get("project") or ""),
        "name": str(run.meta.get("name") or ""),
        "created_at": float(created) if isinstance(created, (int, float)) else 0.0,
    }


def _compared(a: Mapping[str, Any], b: Mapping[str, Any]) -> ValueDifference:
    """Return the difference of facts; none if a run recorded none at all."""
    return compact(values.compare(a, b)) if a and b else {}


def compact(difference: ValueDifference) -> ValueDifference:
    """Return a difference without its empty lists if all are empty."""
    return difference if any(difference.values()) else {}


def _without(
    difference: ValueDifference, config: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> ValueDifference:
    """Leave out settings in which some run of a group equals the other run."""
    if not others:
        return difference
    flat = [dict(values.flat(other)) for other in others]
    own = dict(values.flat(config))

    def differs(key: str) -> bool:
        if key not in own:
            return all(key in other for other in flat)
        return not any(key in other and values.is_equal(other[key], own[key]) for other in flat)

    return {
        "changed": [entry for entry in difference["changed"] if differs(entry["key"])],
        "added": [entry for entry in difference["added"] if differs(entry["key"])],
        "removed": [entry for entry in difference["removed"] if differs(entry["key"])],
    }


def seed_keys(a: RunFacts, b: RunFacts) -> frozenset[str]:
    """Return the config keys of two runs that are seeds."""
    keys: set[str] = set()
    for run in (a, b):
        flat = values.flat(run.config)
        keys.update(key for key, _ in flat if replicas.seed_of({key: 0}, run.rules) is not None)
    return frozenset(keys)


def _is_replica(a: RunFacts, b: RunFacts, difference: Difference) -> bool:
    if a.id == b.id or not a.replica_key or a.replica_key != b.replica_key:
        return False
    return not difference["code"] and not difference["artifacts"]
