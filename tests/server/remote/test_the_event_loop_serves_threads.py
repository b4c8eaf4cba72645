from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from remote.errors import LoopNotRunning, RemoteTimeout
from remote.ssh.loop import NAME, LoopThread
from tests.waiting import until


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    """A running event loop thread."""
    loop_thread = LoopThread()
    loop_thread.start()
    yield loop_thread
    loop_thread.stop()


async def echo(text: str) -> str:
    """Return `text` one iteration of the loop later."""
    await asyncio.sleep(0)
    return text


async def fail() -> None:
    """Raise an error."""
    raise TimeoutError("its own")


def loops() -> int:
    """Return the threads with an event loop."""
    return sum(thread.name == NAME for thread in threading.enumerate())


def test_any_thread_gets_its_result(thread: LoopThread) -> None:
    answers: list[str] = []
    askers = [
        threading.Thread(target=lambda n=n: answers.append(thread.run(echo(str(n)), 60))) for n in range(20)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sorted(answers, key=int) == [str(n) for n in range(20)]


def test_exceptions_are_raised_in_the_calling_thread(thread: LoopThread) -> None:
    with pytest.raises(TimeoutError, match="its own"):
        thread.run(fail(), 60)


def test_a_slow_call_is_cancelled(thread: LoopThread) -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    with pytest.raises(RemoteTimeout, match="did not answer within 0 s"):
        thread.run(wait(), 0.1)
    assert cancelled.wait(60)


def test_a_stopped_loop_is_reported() -> None:
    thread = LoopThread()
    with pytest.raises(LoopNotRunning):
        thread.run(echo("x"), 60)
    before = loops()
    thread.start()
    thread.start()
    assert loops() == before + 1
    assert thread.run(echo("x"), 60) == "x"
    thread.stop()
    thread.stop()
    until(lambda: loops() == before)
    with pytest.raises(LoopNotRunning):
        thread.run(echo("x"), 60)
    thread.start()
    assert thread.run(echo("again"), 60) == "again"
    thread.stop()


def test_stopping_the_loop_does_not_wait_for_hanging_tasks() -> None:
    thread = LoopThread()
    thread.start()
    ended: list[str] = []

    async def wait(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(name)

    def work() -> None:
        with pytest.raises(LoopNotRunning):
            thread.run(wait("work"), 60)
        ended.append("asker")

    waiting = threading.Thread(target=work)
    waiting.start()
    until(lambda: thread.run(count(), 60) == 2)
    began = time.monotonic()
    thread.stop(lambda: wait("callback"), timeout=0.4)
    assert time.monotonic() - began < 50
    waiting.join(60)
    assert sorted(ended) == ["asker", "callback", "work"]


async def count() -> int:
    """Return the number of tasks, this one included."""
    return len(asyncio.all_tasks())
