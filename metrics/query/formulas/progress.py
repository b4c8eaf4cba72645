"""Formulas whose rows the requests of this process have left to the background."""

from __future__ import annotations

import threading
from typing import NamedTuple

from runs.models import StorageRoot


class Unfinished(NamedTuple):
    """A formula whose rows are being computed: of so many runs that have its metrics, so many are left."""

    project: str
    name: str
    total: int
    left: int

    @property
    def done(self) -> int:
        return self.total - self.left


_unfinished: dict[tuple[int, str, str, str], Unfinished] = {}
"""By key and path of the root, project and name of the formula."""
_lock = threading.Lock()


def unfinished(root: StorageRoot) -> list[Unfinished]:
    """Return the formulas of a root that requests of this process have named, and whose rows are not all computed."""
    with _lock:
        return [entry for place, entry in sorted(_unfinished.items()) if place[:2] == (root.pk, root.path)]


def note(root: StorageRoot, entry: Unfinished) -> None:
    """Remember how far a formula is, or forget it if nothing is left."""
    place = root.pk, root.path, entry.project, entry.name
    with _lock:
        if entry.left:
            _unfinished[place] = entry
        else:
            _unfinished.pop(place, None)
