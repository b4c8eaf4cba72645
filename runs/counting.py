"""How many runs a list has, without counting them on every page.

An exact count of 100,000 runs takes 27 ms, a page of them one. So a count beyond `EXACT`, or one that took long, is
remembered until this process changes a run of that root, and for at most two seconds, since other processes change
runs too.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import models, transaction

from runs.models import StorageRoot

T = TypeVar("T")

EXACT = 10_000
SECONDS = 2.0
DEAR_SECONDS = 0.002
REMEMBERED = 256

_lock = threading.Lock()
_revisions: defaultdict[str, int] = defaultdict(int)
_answers: OrderedDict[tuple[str, str], tuple[int, float, Any]] = OrderedDict()


def changed(root: StorageRoot) -> None:
    """Forget the counts of a root: at once for this transaction, and for the others when it is committed."""

    def bump() -> None:
        with _lock:
            _revisions[root.path] += 1

    bump()
    transaction.on_commit(bump)


def capped(runs: models.QuerySet[Any], cap: int = EXACT) -> tuple[int, bool]:
    """The number of runs up to `cap`, and whether there are more."""
    count = runs.order_by()[: cap + 1].count()
    return min(count, cap), count > cap


def total(root: StorageRoot, runs: models.QuerySet[Any]) -> int:
    """The exact number of runs; one that is dear may be two seconds old."""
    plain = runs.order_by()
    try:
        key = str(plain.query)
    except EmptyResultSet:  # Django knows that nothing can match
        return 0
    if known := _known(root, key):
        return known[0]
    began = time.monotonic()
    count, more = capped(plain)
    if not more and time.monotonic() - began < DEAR_SECONDS:
        return count
    return remembered(root, key, plain.count if more else lambda: count)


def remembered(root: StorageRoot, key: str, compute: Callable[[], T]) -> T:
    """What `compute` answered last for this root and key, unless a run changed since or it is two seconds old."""
    if known := _known(root, key):
        return known[0]
    with _lock:
        revision = _revisions[root.path]
    value = compute()
    with _lock:
        _answers[root.path, key] = (revision, time.monotonic(), value)
        _answers.move_to_end((root.path, key))
        while len(_answers) > REMEMBERED:
            _answers.popitem(last=False)
    return value


def _known(root: StorageRoot, key: str) -> tuple[Any] | None:
    with _lock:
        revision, at, value = _answers.get((root.path, key), (-1, 0.0, None))
        fresh = revision == _revisions[root.path] and time.monotonic() - at < SECONDS
    return (value,) if fresh else None
