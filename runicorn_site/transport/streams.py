"""Run synchronous iterators as asynchronous ones, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from time import monotonic
from weakref import WeakKeyDictionary

from django.db import connections

PIECE_BYTES = 64 * 1024
PIECE_SECONDS = 0.05
LIMIT = 64
"""Concurrent streams, each with a thread; further ones wait."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_a_thread(
    iterator: Iterator[bytes], closers: Sequence[Callable[[], object]] = ()
) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of `iterator`, which runs on its own thread, as do the `closers` afterwards.

    One thread, because an open query belongs to the connection of its thread; its own, because a slow client may take
    hours, and must not occupy a slot of the pool.
    """
    loop, context = asyncio.get_running_loop(), copy_context()
    thread = ThreadPoolExecutor(1, thread_name_prefix="stream")
    try:
        async with _slots.setdefault(loop, asyncio.Semaphore(LIMIT)):
            while part := await loop.run_in_executor(thread, context.run, piece, iterator):
                yield part
    finally:
        thread.submit(finish, closers)
        thread.shutdown(wait=False)


def piece(iterator: Iterator[bytes]) -> bytes:
    """Return the next parts as one piece: a hop between threads costs more than a small part."""
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
