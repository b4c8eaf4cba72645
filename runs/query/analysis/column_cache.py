"""Cache of columns of many runs, valid while the database does not change."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from runicorn_site.web import conditional, moments
from runicorn_site.web.readable import current
from runs.models import StorageRoot
from runs.query import counts

T = TypeVar("T")
MOST = 48
"""Columns: of 100,000 runs some 10 MB each at most."""
EXPENSIVE_SECONDS = 0.1
LASTS = 10
"""How many times longer than its computation an expensive result serves later versions of the database."""


@dataclass(frozen=True, slots=True)
class _Result:
    value: Any
    version: str
    revision: int
    ended: float
    seconds: float

    @property
    def expires(self) -> float:
        """When it no longer serves other versions of the database, by `time.monotonic`."""
        seconds = self.seconds + getattr(self.value, "seconds", 0.0)
        return self.ended + LASTS * seconds if seconds > EXPENSIVE_SECONDS else 0.0


_lock = threading.Lock()
_results: OrderedDict[Hashable, _Result] = OrderedDict()


def get_or_compute(root: StorageRoot, key: Hashable, compute: Callable[[], T]) -> T:
    """Return `compute()`, or its result at the same version of the database and for the same reader.

    The result of a computation of `EXPENSIVE_SECONDS` also serves later versions for a while, until a user changes a run:
    a training that logs changes the database every second, and pages ask as often. Where a result has an attribute
    `seconds`, it is what was spent since to compute more from it.
    """
    moment = moments.current()
    if moment is None:
        return compute()
    place, revision = (root.pk, current(), key), counts.revision(root)
    with _lock:
        if result := _results.get(place):
            _results.move_to_end(place)
    if result and result.version != moment.version:
        if result.revision == revision and time.monotonic() < result.expires:
            conditional.expires(result.expires)
        else:
            result = None
    if result:
        existing: T = result.value
        return existing
    began = time.monotonic()
    value = compute()
    ended = time.monotonic()
    with _lock:
        _results[place] = _Result(value, moment.version, revision, ended, ended - began)
        _results.move_to_end(place)
        while len(_results) > MOST:
            _results.popitem(last=False)
    return value
