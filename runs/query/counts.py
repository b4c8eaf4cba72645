"""Counts of runs in a list, cached across pages.

An exact count of 100,000 runs takes 27 ms, a page of them one. So a count that took long is remembered until this
process changes a run of that root, and for at most two seconds, since other processes change runs too. Where the
version of the database is known and has not changed, it is remembered for any time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import transaction

from runicorn_site.web import conditional, moments
from runicorn_site.web.readable import Readable, current
from runs.models import RunQuerySet, StorageRoot
from runs.query.matches import Matches

T = TypeVar("T")

EXACT, EXACT_ON_PAGES = 10_000, 100_000
"""Numbers up to which runs are counted in responses, and on pages: a wrong number beside exact ones is worth the time."""
SECONDS = 2.0
EXPENSIVE_SECONDS = 0.002
REMEMBERED = 256

_lock = threading.Lock()
_revisions: defaultdict[str, int] = defaultdict(int)
_answers: OrderedDict[tuple[str, Readable, str], tuple[int, float, str, Any]] = OrderedDict()


def invalidate(root: StorageRoot) -> None:
    """Forget the counts of a root: now for this transaction, and on commit for the others."""

    def bump() -> None:
        with _lock:
            _revisions[root.path] += 1

    bump()
    transaction.on_commit(bump)


class Counted(Protocol):
    """Runs up to one more than `EXACT`, whose count is compiled.

    Attributes:
        key: stands for them among all of a root.
    """

    key: str

    def count(self) -> int: ...


def capped(matches: Matches, cap: int = EXACT, *, compiled: Counted | None = None) -> tuple[int, bool]:
    """Return the number of runs up to `cap` and whether there are more; an expensive count may be two seconds old."""
    known_count = matches.known_count
    count = (
        known_count if cap == EXACT or (known_count is not None and known_count <= min(cap, EXACT)) else None
    )
    if count is None:
        if compiled is None:
            count = _count(matches.root, matches.runs.order_by()[: cap + 1])
        else:
            count = _remembered_count(matches.root, compiled.key, compiled.count)
    return min(count, cap), count > cap


def total(matches: Matches) -> int:
    """Return the exact number of runs; an expensive count may be two seconds old."""
    count, more = capped(matches)
    return _count(matches.root, matches.runs.order_by()) if more else count


def _count(root: StorageRoot, runs: RunQuerySet) -> int:
    try:
        key = str(runs.query)
    except EmptyResultSet:  # Django knows that nothing can match
        return 0
    return _remembered_count(root, key, runs.count)


def _remembered_count(root: StorageRoot, key: str, compute: Callable[[], int]) -> int:
    if entry := _cached(root, key):
        return int(entry[0])
    at, began = revision(root), time.monotonic()
    count = compute()
    if time.monotonic() - began > EXPENSIVE_SECONDS:
        _remember(root, key, at, count)
    return count


def remembered(root: StorageRoot, key: str, compute: Callable[[], T], seconds: float | None = None) -> T:
    """Return `compute()`, or its last result for this root, key and reader until a run changes, for at most `seconds`
    (`SECONDS` if None)."""
    if entry := _cached(root, key):
        cached: T = entry[0]
        return cached
    at = revision(root)
    value = compute()
    _remember(root, key, at, value, seconds)
    return value


def revision(root: StorageRoot) -> int:
    """Return a number that grows whenever this process changes a run of a root."""
    with _lock:
        return _revisions[root.path]


def _version() -> str:
    moment = moments.current()
    return moment.version if moment is not None else ""


def _cached(root: StorageRoot, key: str) -> tuple[Any] | None:
    with _lock:
        nothing = (-1, 0.0, "", None)
        revision, expires, version, value = _answers.get((root.path, current(), key), nothing)
        is_newest = revision == _revisions[root.path]
    if is_newest and version and version == _version():
        return (value,)
    if is_newest and time.monotonic() < expires:
        conditional.expires(expires)
        return (value,)
    return None


def _remember(root: StorageRoot, key: str, revision: int, value: Any, seconds: float | None = None) -> None:
    place = (root.path, current(), key)
    expires = time.monotonic() + (SECONDS if seconds is None else seconds)
    with _lock:
        _answers[place] = (revision, expires, _version(), value)
        _answers.move_to_end(place)
        while len(_answers) > REMEMBERED:
            _answers.popitem(last=False)
