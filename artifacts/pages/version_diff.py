"""Compute the differences between two versions. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"
KINDS = (CHANGED, ADDED, REMOVED, SAME)


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """One name in two versions.

    Attributes:
        kind: `added`, `removed`, `changed` or `same`.
        before, after: the value in each; None if missing.
    """

    kind: str
    name: str
    before: T | None
    after: T | None


def compare(before: Mapping[str, T], after: Mapping[str, T]) -> list[Difference[T]]:
    """Return the names of both: changed, added, removed, same; each group sorted by name."""
    found = [
        Difference(_kind(before, after, name), name, before.get(name), after.get(name))
        for name in {**before, **after}
    ]
    return sorted(found, key=lambda difference: (KINDS.index(difference.kind), difference.name))


def _kind(before: Mapping[str, T], after: Mapping[str, T], name: str) -> str:
    if name not in before:
        return ADDED
    if name not in after:
        return REMOVED
    return SAME if before[name] == after[name] else CHANGED


def counts(differences: list[Difference[T]]) -> dict[str, int]:
    return {kind: sum(difference.kind == kind for difference in differences) for kind in KINDS}
