"""Questions of the screens to one catalog, one after the other, in threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from runicorn_site.catalog.base import Catalog

T = TypeVar("T")
P = ParamSpec("P")
SHARE = 4
"""A look takes at most one part in so many and one of the time: a large store gets longer pauses."""


class Source:
    """A catalog for several screens."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        # A catalog has one connection, or one cache.
        self._lock = asyncio.Lock()

    async def ask(
        self, question: Callable[Concatenate[Catalog, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, float]:
        """Return the answer and its duration in seconds.

        Raises:
            CatalogError: the catalog cannot answer.
        """
        async with self._lock:
            start = time.monotonic()
            answer = await asyncio.to_thread(question, self._catalog, *args, **kwargs)
            return answer, time.monotonic() - start
