"""Keep pending requests in memory until the user answers, so that no secret makes a round trip through a browser. No Django.

handle = store.keep(browser, value)       a random handle for a URL
store.get(handle, browser)                the value, for the same browser and for ten minutes
store.sweep()                             remove expired values; pages call it when they are rendered
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_SECONDS = 600.0
"""A presented host key can be accepted for as long."""
MOST = 100


@dataclass(frozen=True, repr=False)
class _Kept(Generic[T]):
    browser: str
    value: T
    until: float


class PendingStore(Generic[T]):
    """Pending values; the oldest is dropped when there are more than `MOST`."""

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self.seconds = seconds
        self._kept: dict[str, _Kept[T]] = {}
        self._guard = threading.Lock()

    def keep(self, browser: str, value: T) -> str:
        handle = secrets.token_urlsafe(24)
        with self._guard:
            self._sweep()
            if len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[handle] = _Kept(browser, value, time.monotonic() + self.seconds)
        return handle

    def get(self, handle: str, browser: str) -> T | None:
        """Return the value, or None if it has expired or belongs to another browser."""
        with self._guard:
            self._sweep()
            kept = self._kept.get(handle)
        return kept.value if kept is not None and secrets.compare_digest(kept.browser, browser) else None

    def drop(self, handle: str) -> None:
        """Remove a value, if it exists."""
        with self._guard:
            self._kept.pop(handle, None)

    def sweep(self) -> None:
        """Remove expired values."""
        with self._guard:
            self._sweep()

    def _sweep(self) -> None:
        now = time.monotonic()
        for handle in [handle for handle, kept in self._kept.items() if kept.until <= now]:
            del self._kept[handle]
