"""Launch, heartbeats and stop requests of remote viewers over SSH."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from remote.errors import ConnectionLost
from remote.ssh.client import Link, end_process, printable
from remote.viewers.errors import ForeignProgram, ViewerFailed
from runicorn.message import Message
from runicorn.remote_protocol import (
    LONGEST_LINE,
    SESSION_PATH,
    BadLine,
    LaunchRequest,
    StatusReport,
    line,
    make_stamp,
    parse_status_report,
    proof,
)

METHODS = {"beat": "POST", "end": "DELETE"}
LINES = 20
"""Lines of error output kept."""
COMMAND = ("-P", "-m", "runicorn", "viewer", "--remote-mode", "--log-level", "WARNING")
"""Arguments of Python; none comes from the user. `-P`: a folder `runicorn` in the home must not be imported."""
PREFIX = "runicorn: "


class RemoteProcess:
    """A remote process and its SSH channel; `ended` is set when either has ended."""

    def __init__(self, link: Link, process: Any) -> None:
        self.link = link
        self.ended = asyncio.Event()
        self._process = process
        self._errors: deque[str] = deque(maxlen=LINES)
        self._listening = asyncio.create_task(self._listen())
        self._draining: asyncio.Task[None] | None = None

    async def send(self, request: LaunchRequest) -> StatusReport:
        """Send the launch request and return the first status report.

        Raises:
            ViewerFailed: it exited; the message is its last error line.
        """
        async with self.link.ssh_errors():
            with suppress(BrokenPipeError):
                self._process.stdin.write(line(request).encode())
                await self._process.stdin.drain()
            byte_count = 0
            while byte_count < 4 * LONGEST_LINE and (output := await self._process.stdout.readline()):
                byte_count += len(output)
                with suppress(BadLine):  # output of a login script
                    report = parse_status_report(output.decode("utf-8", "replace"))
                    self._draining = asyncio.create_task(self._drain())
                    return report
        await self.ended.wait()
        if self.has_exited:
            raise ViewerFailed(
                "The viewer on {host} did not start: {last_error}",
                host=self.link.address.host,
                last_error=self.last_error,
            )
        raise ConnectionLost(self.link.address.id)

    @property
    def has_exited(self) -> bool:
        """Whether the process has exited, not only its channel."""
        return self._process.exit_status is not None or self._process.exit_signal is not None

    @property
    def last_error(self) -> str:
        """Its last error line, or how it exited."""
        own = [text.removeprefix(PREFIX) for text in self._errors if text.startswith(PREFIX)]
        last = (own or list(self._errors) or [""])[-1]
        if last:
            return last if last.endswith(".") else last + "."
        signal = self._process.exit_signal
        if signal:
            return Message("killed by signal {signal}.", signal=signal[0])
        return Message("exit status {status}.", status=self._process.exit_status)

    async def kill(self) -> None:
        await end_process(self._process)
        for task in (self._listening, self._draining):
            if task is not None:
                task.cancel()
        self.ended.set()

    async def _listen(self) -> None:
        """Read its error output, which would block it when the pipe is full."""
        with suppress(ConnectionLost):
            async with self.link.ssh_errors():
                while output := await self._process.stderr.read(4096):
                    lines = output.decode("utf-8", "replace").splitlines()
                    self._errors.extend(printable(text) for text in lines if text.strip())
                await self._process.wait_closed()
        self.ended.set()

    async def _drain(self) -> None:
        with suppress(ConnectionLost):
            async with self.link.ssh_errors():
                while await self._process.stdout.read(4096):
                    pass


async def start(link: Link, python: str, request: LaunchRequest) -> tuple[RemoteProcess, StatusReport]:
    """Start a remote viewer and wait until it serves.

    Raises:
        ViewerFailed: it did not start.
        RemoteOperationFailed: the host runs no commands.
    """
    process = RemoteProcess(link, await link.start(python, *COMMAND))
    report = None
    try:
        report = await process.send(request)
        return process, report
    finally:
        if report is None:  # also when it was cancelled, or took too long
            await asyncio.shield(process.kill())


class Answer(NamedTuple):
    """A status report and its latency in seconds."""

    report: StatusReport
    latency: float


async def ask(link: Link, port: int, token: str, purpose: str, now: float) -> Answer:
    """Send a heartbeat or a stop request to the remote viewer on `port`.

    Args:
        purpose: `HEARTBEAT` or `END` of `runicorn.remote_protocol`.
        now: clock of the remote host, Unix seconds.

    Raises:
        ForeignProgram: another program does.
    """
    stamp = make_stamp(token, purpose, now)
    request = (
        f"{METHODS[purpose]} {SESSION_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Session {stamp}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await link.dial(port)
    try:
        async with link.ssh_errors():
            began = time.perf_counter()
            writer.write(request.encode())
            answer = await reader.read(1)
            latency = time.perf_counter() - began
            while len(answer) < LONGEST_LINE and (piece := await reader.read(LONGEST_LINE)):
                answer += piece
    finally:
        writer.close()
    return Answer(_proven(link, answer, token, stamp), latency)


def _proven(link: Link, answer: bytes, token: str, stamp: str) -> StatusReport:
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    try:
        report = parse_status_report(body)
    except BadLine:
        report = None
    if not head.startswith("HTTP/1.1 200 ") or report is None or report.proof != proof(token, stamp):
        raise ForeignProgram(
            "Another program on {host} listens on the port of the viewer.", host=link.address.host
        )
    return report
