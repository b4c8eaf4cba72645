"""Result of a search for runs, with its known count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from runs.models import RunQuerySet, StorageRoot
from runs.query.where.ast import Node


@dataclass(frozen=True, slots=True)
class Matches:
    root: StorageRoot
    runs: RunQuerySet
    is_indexed: bool = False
    """Whether an index tells quickly that few runs match, so that it is worth asking."""
    is_key_set: bool = False
    """Whether the runs were found among a limited set of keys, few enough to be sorted."""
    are_few: bool = False
    """Whether `runs` names a few runs by their keys alone."""
    conditions: tuple[Node, ...] = ()
    """Expressions that hold for all of the runs."""
    known_count: int | None = None
    """The number of runs, exact up to `counts.EXACT`, if the search found it out."""

    def filter(self, *args: Any, **lookups: Any) -> Matches:
        return replace(self, runs=self.runs.filter(*args, **lookups), known_count=None)
