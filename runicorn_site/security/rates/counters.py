"""Cache of request counters."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache

SWEEP_SECONDS = 60.0


class CounterCache(LocMemCache):
    """Counters in the memory of the one process that serves.

    django-ratelimit refuses Django's own LocMemCache because several processes would count apart; we are one.
    Each client, route and minute has a counter of its own, so expired ones are deleted every minute; LocMemCache
    would keep them until it is full.
    """

    _lock: threading.Lock
    _expire_info: dict[str, float | None]
    _delete: Callable[[str], bool]
    swept = time.monotonic()

    def add(self, *args: Any, **options: Any) -> bool:
        """Add a counter if it is missing; once a minute, delete the expired ones first."""
        if time.monotonic() > self.swept + SWEEP_SECONDS:
            CounterCache.swept = time.monotonic()
            self.sweep()
        return bool(super().add(*args, **options))

    def sweep(self) -> None:
        now = time.time()
        with self._lock:
            expired = [key for key, until in self._expire_info.items() if until is not None and until <= now]
            for key in expired:
                self._delete(key)
