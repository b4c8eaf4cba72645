"""Cache of `RUNICORN_CACHE_URL`, shared by several servers: rate limits and one-time links.

While it is unreachable, each server counts for itself and retries every `AWAY_SECONDS`.
"""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

AWAY_SECONDS = 2.0
TIMEOUT_SECONDS = 0.5
LOCAL_ENTRIES = 200_000
logger = logging.getLogger(__name__)


@dataclass
class Availability:
    """Whether the cache server can be reached, shared by the cache objects of all threads."""

    is_away: bool = False
    ask_again: float = 0.0

    def may_be_asked(self) -> bool:
        """Return whether it can be reached, or enough time has passed to find out."""
        return not self.is_away or time.monotonic() >= self.ask_again

    def note(self, error: Exception | None) -> None:
        """Record the result of a request; log when the server goes away and when it is back."""
        was_away, self.is_away = self.is_away, error is not None
        self.ask_again = time.monotonic() + AWAY_SECONDS
        if error is not None and not was_away:
            logger.warning("The shared cache is unreachable, each server counts for itself: %s", error)
        elif error is None and was_away:
            logger.warning("The shared cache is reachable again")


_availability: defaultdict[str, Availability] = defaultdict(Availability)


class JsonSerializer:
    """Values as JSON. With Django's pickles, anyone who can write to the cache server could run code in this process."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, text: bytes) -> Any:
        return json.loads(text)


class SharedCache(BaseCache):
    """A cache in Valkey or Redis, or in the memory of this process while that cannot be reached."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
        from redis.retry import Retry

        options = {
            "serializer": JsonSerializer,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        self._errors = RedisError
        self._shared = RedisCache(server, {**params, "OPTIONS": options})
        self._local = LocMemCache(server, {**params, "OPTIONS": {"MAX_ENTRIES": LOCAL_ENTRIES}})
        self._server = _availability[server]

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._call("add", key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._call("get", key, default, version)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._call("set", key, value, timeout, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Change when a value expires; return whether there is one."""
        return bool(self._call("touch", key, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._call("delete", key, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and return it.

        Raises:
            ValueError: the key is missing.
        """
        return int(self._call("incr", key, delta, version))

    def clear(self) -> None:
        self._call("clear")

    def _call(self, name: str, *arguments: Any) -> Any:
        if self._server.may_be_asked():
            try:
                answer = getattr(self._shared, name)(*arguments)
            except self._errors as error:
                self._server.note(error)
            else:
                self._server.note(None)
                return answer
        return getattr(self._local, name)(*arguments)
