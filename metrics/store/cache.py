"""Cache of decoded tiles and directories, bounded in bytes. Tiles never change, so no entry goes stale."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runicorn.api.responses.metrics import CacheStatistics

CACHE_BYTES = 96 * 1024 * 1024
ENTRY_BYTES = 1600
"""Overhead of an entry: array objects, key and table entry, which dominates for thousands of tiny series."""


class Cache:
    """A thread-safe least-recently-used cache bounded in bytes."""

    def __init__(self, max_bytes: int = CACHE_BYTES, entry_bytes: int = ENTRY_BYTES) -> None:
        self._max_bytes, self._entry_bytes = max_bytes, entry_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = self._hits = self._misses = self._increments = 0

    def get(self, key: Hashable) -> Any:
        """Return the value, or None; count a hit or a miss."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._misses += 1
                return None
            self._hits += 1
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Store `value`, whose arrays take `size` bytes, unless it is larger than the whole cache."""
        size += self._entry_bytes
        with self._lock:
            _, before = self._entries.pop(key, (None, 0))
            self._bytes -= before
            if size > self._max_bytes:
                return
            self._entries[key] = value, size
            self._bytes += size
            while self._bytes > self._max_bytes:
                _, (_, freed) = self._entries.popitem(last=False)
                self._bytes -= freed

    def note_increment(self) -> None:
        """Count an entry that was updated by reading only new data."""
        with self._lock:
            self._increments += 1

    def stats(self) -> CacheStatistics:
        """Return sizes in bytes, and counts since the start of the process."""
        with self._lock:
            lookups = self._hits + self._misses
            return {
                "size": self._bytes,
                "max_size": self._max_bytes,
                "hits": self._hits,
                "misses": self._misses,
                "incremental_updates": self._increments,
                "hit_rate": self._hits / lookups if lookups else 0.0,
                "incremental_rate": min(1.0, self._increments / lookups) if lookups else 0.0,
            }


cache = Cache()
