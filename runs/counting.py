"""How many runs a list has, without counting them on every page.

An exact count of 100,000 runs takes 27 ms, a page of them one. So a count beyond `EXACT` is remembered until this
process changes a run of that root, and for at most two seconds, since other processes change runs too.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Hashable
from typing import Any

from django.db import models, transaction

from runs.models import StorageRoot

EXACT = 10_000
SECONDS = 2.0
REMEMBERED = 256

_lock = threading.Lock()
_revisions: defaultdict[int, int] = defaultdict(int)
_counts: OrderedDict[Hashable, tuple[int, float, int]] = OrderedDict()


def changed(root: StorageRoot) -> None:
    """Forget the counts of a root when the current transaction is committed."""

    def bump() -> None:
        with _lock:
            _revisions[root.pk] += 1

    transaction.on_commit(bump)


def capped(runs: models.QuerySet[Any], cap: int = EXACT) -> tuple[int, bool]:
    """The number of runs up to `cap`, and whether there are more."""
    count = runs.order_by()[: cap + 1].count()
    return min(count, cap), count > cap


def total(root: StorageRoot, runs: models.QuerySet[Any]) -> int:
    """The exact number of runs; a large one may be two seconds old."""
    key = (root.pk, str(runs.order_by().query))
    with _lock:
        revision, counted, number = _counts.get(key, (-1, 0.0, 0))
        if revision == _revisions[root.pk] and time.monotonic() - counted < SECONDS:
            return number
        revision = _revisions[root.pk]
    count, more = capped(runs)
    if not more:
        return count
    count = runs.order_by().count()
    with _lock:
        _counts[key] = (revision, time.monotonic(), count)
        _counts.move_to_end(key)
        while len(_counts) > REMEMBERED:
            _counts.popitem(last=False)
    return count
