from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

from runicorn_site.transport import streams
from tests.processes import Viewer
from tests.server.site.wire import get
from tests.waiting import until


class Source:
    """A generator that notes in which threads it runs, and when it is closed."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.threads: set[int] = set()
        self.closed_in: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.parts):
            self.threads.add(threading.get_ident())
            yield b"x" * streams.PIECE_BYTES

    def close(self) -> None:
        """What an answer does when it is over."""
        self.closed_in = threading.get_ident()


async def test_an_iterator_runs_and_ends_in_one_pool_thread() -> None:
    source = Source(5)
    sizes = [len(part) async for part in streams.in_a_thread(iter(source), [source.close])]
    assert sizes == [streams.PIECE_BYTES] * 5
    await asyncio.to_thread(until, lambda: source.closed_in is not None)
    assert source.threads == {source.closed_in}
    assert threading.get_ident() not in source.threads


async def test_small_parts_travel_together() -> None:
    parts = [part async for part in streams.in_a_thread(iter([b"ab"] * 100_000))]
    assert b"".join(parts) == b"ab" * 100_000
    assert len(parts) < 100


async def test_an_iterator_is_closed_when_the_client_stops_reading() -> None:
    source = Source(1000)
    async with aclosing(streams.in_a_thread(iter(source), [source.close])) as parts:
        await anext(parts)
    await asyncio.to_thread(until, lambda: source.closed_in is not None)


async def test_a_waiting_iterator_is_closed_when_its_client_leaves() -> None:
    loop = asyncio.get_running_loop()
    streams._slots[loop] = asyncio.Semaphore(0)
    source = Source(1)
    reader = asyncio.ensure_future(anext(streams.in_a_thread(iter(source), [source.close])))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.to_thread(until, lambda: source.closed_in is not None)
    assert source.threads == set()
    del streams._slots[loop]


def test_head_produces_nothing(odd: Viewer) -> None:
    answer = get(odd.port, "/sync-stream/2000000000", method="HEAD")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"")
