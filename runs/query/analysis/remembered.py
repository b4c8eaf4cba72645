"""Columns of many runs, remembered while the database does not change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from runicorn_site.web import moments
from runicorn_site.web.readable import current
from runs.models import StorageRoot

T = TypeVar("T")
MOST = 24
"""Columns: of 100,000 runs some 10 MB each at most."""

_lock = threading.Lock()
_columns: OrderedDict[Hashable, Any] = OrderedDict()


def remembered(root: StorageRoot, key: Hashable, compute: Callable[[], T]) -> T:
    """Return `compute()`, or its result at the same version of the database and for the same reader."""
    moment = moments.current()
    if moment is None:
        return compute()
    place = (root.pk, moment.version, current(), key)
    with _lock:
        if place in _columns:
            _columns.move_to_end(place)
            existing: T = _columns[place]
            return existing
    value = compute()
    with _lock:
        _columns[place] = value
        while len(_columns) > MOST:
            _columns.popitem(last=False)
    return value
