"""Synchronous iterators as asynchronous ones, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from weakref import WeakKeyDictionary

from django.db import connections

PIECE_BYTES = 64 * 1024
PIECE_SECONDS = 0.05
LIMIT = 64
"""Streams with a thread of their own at one time; further ones wait for one to end."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_a_thread(
    iterator: Iterator[bytes], closers: Sequence[Callable[[], object]] = ()
) -> AsyncGenerator[bytes, None]:
    """The bytes of `iterator`, which runs from start to end on one thread of its own, as do the `closers` then.

    One thread, because a query that is still being read belongs to the connection of its thread; its own, because
    a slow client may take hours and must not hold a slot that requests need.
    """
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix="stream")
    try:
        async with _slots.setdefault(loop, asyncio.Semaphore(LIMIT)):
            while part := await loop.run_in_executor(thread, piece, iterator):
                yield part
    finally:
        thread.submit(finish, closers)
        thread.shutdown(wait=False)


def piece(iterator: Iterator[bytes]) -> bytes:
    """What comes next: many small parts in one, for a hop between threads costs more than a small part."""
    gathered = bytearray()
    deadline = monotonic() + PIECE_SECONDS
    for part in iterator:
        gathered += part
        if len(gathered) >= PIECE_BYTES or (gathered and monotonic() > deadline):
            break
    return bytes(gathered)


def finish(closers: Sequence[Callable[[], object]]) -> None:
    """Close a generator or a file in the thread that read it, and the database connections opened there."""
    try:
        for close in closers:
            close()
    finally:
        connections.close_all()
