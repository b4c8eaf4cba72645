"""Event loop for all SSH connections: one daemon thread, started and stopped by the server.

Views are synchronous. They submit a coroutine and wait for it, on a thread that may block:

    answer = loop.run(pool.open(address, credentials), timeout=30)

Nothing starts at import; before `start` and after `stop` every `run` raises `LoopNotRunning`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any, TypeVar

from remote.errors import LoopNotRunning, RemoteTimeout

T = TypeVar("T")
CloseCallback = Callable[[], Awaitable[None]]

NAME = "remote-loop"
HELPERS = 64
"""Threads for blocking calls, mostly name resolution, which may hang for half a minute."""


class LoopThread:
    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether `run` accepts work."""
        return self._loop is not None

    def start(self) -> None:
        """Start the thread. Idempotent."""
        if self._loop is not None:
            return
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(HELPERS, thread_name_prefix="remote-helper"))
        self._thread = threading.Thread(target=_serve, args=(loop,), name=NAME, daemon=True)
        self._thread.start()
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """Run a coroutine in the loop and return its result. Call it from any thread but the loop's own.

        Args:
            timeout: seconds until it is cancelled; a safety net, longer than the limits that the work has itself.
        """
        if self._loop is None:
            work.close()
            raise LoopNotRunning
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result(timeout)
        except NotInTime:
            if waiting.done():  # the work may raise TimeoutError itself
                raise
            waiting.cancel()
            raise RemoteTimeout(timeout) from None
        except CancelledError:  # the loop is stopping
            raise LoopNotRunning from None

    def stop(self, callback: CloseCallback | None = None, timeout: float = 2.0) -> None:
        """Run `callback`, cancel the remaining tasks, and stop the thread.

        Args:
            callback: closes open connections; cancelled after three quarters of the timeout.
            timeout: seconds until this returns, even if a task hangs.
        """
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._loop = self._thread = None
        ending = asyncio.run_coroutine_threadsafe(_end(callback, timeout * 0.75), loop)
        with suppress(NotInTime):
            ending.result(timeout)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(max(0.1, timeout / 4))


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.sleep(0.01))  # transports close a few iterations later
    loop.close()


async def _end(callback: CloseCallback | None, timeout: float) -> None:
    if callback is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(_awaited(callback), timeout)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _awaited(callback: CloseCallback) -> None:
    await callback()


loop = LoopThread()
"""The loop of this process."""
