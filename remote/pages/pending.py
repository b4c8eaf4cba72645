"""What waits for a person's answer: kept in the memory of this process, so that no secret goes to a browser and back. No Django.

handle = waiting.keep(browser, what)      a random handle for an address
waiting.get(handle, browser)              what was kept, for the browser that brought it and for ten minutes
waiting.sweep()                           forget what nobody came back for; the pages do so whenever they are shown
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_SECONDS = 600.0
"""As long as a key that a host showed may be accepted."""
MOST = 100


@dataclass(frozen=True, repr=False)
class _Kept(Generic[T]):
    browser: str
    what: T
    until: float


class PendingStore(Generic[T]):
    """Things that wait; the oldest gives way when there are too many."""

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self.seconds = seconds
        self._kept: dict[str, _Kept[T]] = {}
        self._guard = threading.Lock()

    def keep(self, browser: str, what: T) -> str:
        """Keep something for a browser; the handle is known to nobody else."""
        handle = secrets.token_urlsafe(24)
        with self._guard:
            self._sweep()
            if len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[handle] = _Kept(browser, what, time.monotonic() + self.seconds)
        return handle

    def get(self, handle: str, browser: str) -> T | None:
        """What was kept; `None` when it is gone, or somebody else's."""
        with self._guard:
            self._sweep()
            kept = self._kept.get(handle)
        return kept.what if kept is not None and secrets.compare_digest(kept.browser, browser) else None

    def drop(self, handle: str) -> None:
        """Keep it no longer; once more changes nothing."""
        with self._guard:
            self._kept.pop(handle, None)

    def sweep(self) -> None:
        """Forget what is too old."""
        with self._guard:
            self._sweep()

    def _sweep(self) -> None:
        now = time.monotonic()
        for handle in [handle for handle, kept in self._kept.items() if kept.until <= now]:
            del self._kept[handle]
