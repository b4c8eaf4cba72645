"""The viewer's process on another machine: started over SSH with its order on standard input, and asked through SSH."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from remote.errors import ConnectionCut
from remote.ssh.client import Link, ended, printable
from remote.viewers.errors import NotOurs, ViewerFailed
from runicorn.remote_protocol import (
    LONGEST_LINE,
    SESSION_PATH,
    BadLine,
    Order,
    Report,
    line,
    proof,
    read_report,
    stamped,
)

METHODS = {"beat": "POST", "end": "DELETE"}
LINES = 20
"""Of what it complains of, the last ones are kept."""
COMMAND = ("-P", "-m", "runicorn", "viewer", "--remote-mode", "--log-level", "WARNING")
"""What a Python is told: nothing in it comes from the user. `-P`: a `runicorn` in the home must not get in the way."""
PREFIX = "runicorn: "


class FarProcess:
    """A process over there as long as its channel lives; `ended` is set when either has ended."""

    def __init__(self, link: Link, process: Any) -> None:
        self.link = link
        self.ended = asyncio.Event()
        self._process = process
        self._said: deque[str] = deque(maxlen=LINES)
        self._listening = asyncio.create_task(self._listen())
        self._draining: asyncio.Task[None] | None = None

    async def order(self, order: Order) -> Report:
        """Tell it what to serve; its report.

        Raises:
            ViewerFailed: it ended instead; the sentence is its own.
            ConnectionCut: the connection was lost.
        """
        async with self.link.telling():
            with suppress(BrokenPipeError):
                self._process.stdin.write(line(order).encode())
                await self._process.stdin.drain()
            read = 0
            while read < 4 * LONGEST_LINE and (said := await self._process.stdout.readline()):
                read += len(said)
                with suppress(BadLine):  # a login script has something to say
                    report = read_report(said.decode("utf-8", "replace"))
                    self._draining = asyncio.create_task(self._drain())
                    return report
        await self.ended.wait()
        if self.has_exited:
            raise ViewerFailed(f"The viewer on {self.link.address.host} did not start: {self.last_words}")
        raise ConnectionCut(self.link.address.id)

    @property
    def has_exited(self) -> bool:
        """Whether the process has ended, and not only the channel to it."""
        return self._process.exit_status is not None or self._process.exit_signal is not None

    @property
    def last_words(self) -> str:
        """What it complained of last, for a person."""
        told = [said.removeprefix(PREFIX) for said in self._said if said.startswith(PREFIX)]
        words = (told or list(self._said) or [""])[-1]
        if words:
            return words if words.endswith(".") else words + "."
        signal = self._process.exit_signal
        return (
            f"it was ended by signal {signal[0]}."
            if signal
            else f"it ended with status {self._process.exit_status}."
        )

    async def kill(self) -> None:
        """End it the hard way, and close the channel."""
        await ended(self._process)
        for task in (self._listening, self._draining):
            if task is not None:
                task.cancel()
        self.ended.set()

    async def _listen(self) -> None:
        """Keep what it complains of; it must not wait for somebody to read it."""
        with suppress(ConnectionCut):
            async with self.link.telling():
                while said := await self._process.stderr.read(4096):
                    lines = said.decode("utf-8", "replace").splitlines()
                    self._said.extend(printable(text) for text in lines if text.strip())
                await self._process.wait_closed()
        self.ended.set()

    async def _drain(self) -> None:
        with suppress(ConnectionCut):
            async with self.link.telling():
                while await self._process.stdout.read(4096):
                    pass


async def start(link: Link, python: str, order: Order) -> tuple[FarProcess, Report]:
    """Start a viewer over there; it serves when this returns.

    Raises:
        ViewerFailed: it did not; the sentence says why.
        ConnectionCut: the connection was lost.
        Failed: the host runs no commands.
    """
    process = FarProcess(link, await link.start(python, *COMMAND))
    report = None
    try:
        report = await process.order(order)
        return process, report
    finally:
        if report is None:  # also when it was cancelled, or took too long
            await asyncio.shield(process.kill())


class Answer(NamedTuple):
    """What a viewer said, and the seconds that it took."""

    report: Report
    latency: float


async def ask(link: Link, port: int, token: str, purpose: str, now: float) -> Answer:
    """Ask the viewer on a port over there for a sign of life, or to end.

    Args:
        purpose: `BEAT` or `END` of `runicorn.remote_protocol`.
        now: the far clock.

    Raises:
        NobodyListens: nobody is there.
        NotOurs: somebody else is.
        ConnectionCut: the connection was lost.
    """
    stamp = stamped(token, purpose, now)
    request = (
        f"{METHODS[purpose]} {SESSION_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Session {stamp}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await link.dial(port)
    try:
        async with link.telling():
            began = time.perf_counter()
            writer.write(request.encode())
            answer = await reader.read(1)
            latency = time.perf_counter() - began
            while len(answer) < LONGEST_LINE and (piece := await reader.read(LONGEST_LINE)):
                answer += piece
    finally:
        writer.close()
    return Answer(_proven(link, answer, token, stamp), latency)


def _proven(link: Link, answer: bytes, token: str, stamp: str) -> Report:
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    try:
        report = read_report(body)
    except BadLine:
        report = None
    if not head.startswith("HTTP/1.1 200 ") or report is None or report.proof != proof(token, stamp):
        raise NotOurs(f"Another program on {link.address.host} listens where the viewer did.")
    return report
