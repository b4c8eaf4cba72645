"""Sessions of remote viewers, from the launch request to the end.

    connect → environment → start → tunnel → health        stages of a start, each with its time limit
    running ⇄ reconnecting                                 the connection was lost; the remote viewer waits
    failed                                                 `error_message` says why it did not start or has exited

Everything runs in the loop of `remote/ssh/loop.py`; nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from remote.errors import ConnectionLost, PortClosed, RemoteError, RemoteOperationFailed, RemoteUnavailable
from remote.ssh.address import Address
from remote.ssh.pool import PooledConnection, error_sentence
from remote.viewers import launch
from remote.viewers.compatibility import LaunchTarget, choose_target
from remote.viewers.errors import ForeignProgram, StageTimedOut, ViewerFailed
from remote.viewers.launch import Answer, RemoteProcess
from remote.viewers.tunnel import Tunnel
from runicorn.message import Message
from runicorn.remote_protocol import (
    END,
    HEARTBEAT,
    OPEN,
    LaunchRequest,
    StatusReport,
    client_token,
    make_stamp,
)

logger = logging.getLogger(__name__)
State = Literal["connecting", "running", "reconnecting", "failed", "stopped"]
Stage = Literal["connect", "environment", "start", "tunnel", "health", ""]

LIMITS = {"connect": 15.0, "environment": 45.0, "start": 60.0, "tunnel": 10.0, "health": 15.0}
"""Seconds per stage. On a network file system the first start of a Python takes half a minute."""
HEARTBEAT_SECONDS = 5.0
END_SECONDS = 6.0
"""For a remote viewer to exit after a stop request; it needs three at most."""
RESPONSE_SECONDS = 3.0
"""For the response to a stop request; without a response the process is killed."""
CLOSE_CALLBACK_SECONDS = 4.0
"""For both when the connection is closed. At exit this program waits less, and kills no process."""


@dataclass(frozen=True)
class SessionParameters:
    root: str
    environment: str = ""
    """Name of an environment; "" for the default one."""
    local_port: int = 0
    remote_port: int = 0
    patience: float = 120.0
    """Seconds that the remote viewer waits for a lost session."""


Connect = Callable[[], Awaitable[PooledConnection]]


class Session:
    """A remote viewer and the tunnel to it."""

    def __init__(
        self, address: Address, parameters: SessionParameters, changed: Callable[[Session], None]
    ) -> None:
        """Create a session; it starts with `begin`.

        Args:
            parameters: what the viewer shows, and how.
            changed: called after every change of state, within the loop.
        """
        self.id = secrets.token_hex(4)
        self.address = address
        self.host = address.host
        self.parameters = parameters
        self.state: State = "connecting"
        self.stage: Stage = "connect"
        self.error_message = ""
        self.error: RemoteError | None = None
        self.started_at = time.time()
        self._started = time.monotonic()
        self.seen_at: float | None = None
        self.latency: float | None = None
        self.attempts = 0
        self.target: LaunchTarget | None = None
        self.report: StatusReport | None = None
        self.connection: PooledConnection | None = None
        self.tunnel = Tunnel(self._dial, self.sentence)
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed = changed
        self._process: RemoteProcess | None = None
        self._token = secrets.token_urlsafe(32)
        self._clock_offset = 0.0
        self._task: asyncio.Task[None] | None = None
        self._stop_requested = False
        self._cleaned_up = False

    @property
    def uptime(self) -> float:
        return time.monotonic() - self._started

    @property
    def url(self) -> str:
        """One-time link to the viewer, valid for five minutes; a new one each time."""
        bare = f"http://localhost:{self.tunnel.port}/"
        return f"{bare}?once={self._stamp(OPEN)}" if self.report is not None else bare

    @property
    def token(self) -> str | None:
        """Token for the viewer's API; None while it is not running."""
        return client_token(self._token) if self.report is not None else None

    def sentence(self) -> str:
        if self.state == "reconnecting":
            return Message("{error} Reconnecting. Reload this page shortly.", error=self.error_message)
        return self.error_message or Message("The viewer on {host} is starting.", host=self.host)

    def _stamp(self, purpose: str) -> str:
        return make_stamp(self._token, purpose, time.time() + self._clock_offset)

    def begin(self, connect: Connect) -> None:
        """Bind the local port and start; `ready` is done when the viewer runs, or has the error."""
        self.tunnel.bind(self.parameters.local_port)
        self._task = asyncio.create_task(self._run(connect), name=f"session {self.id}")
        self._task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("Task of session %s crashed", self.id, exc_info=error)
        failure = ViewerFailed("Internal error; the log of this viewer has the details.")
        if not self.ready.done():
            self.ready.set_exception(failure)
            self.ready.exception()
        self._task = asyncio.create_task(self._clean_up(), name=f"cleanup {self.id}")
        self._fail(failure)

    async def _run(self, connect: Connect) -> None:
        try:
            await self._start(connect)
        except RemoteError as error:
            await self._clean_up()
            self._fail(error)
            self.ready.set_exception(error)
            self.ready.exception()  # mark it as retrieved, in case nothing awaits it
            return
        except asyncio.CancelledError:
            self.ready.cancel()
            raise
        self.ready.set_result(None)
        try:
            while True:
                await self._monitor()
                await self._restore()
        except RemoteError as error:
            await self._clean_up()
            self._fail(error)

    async def _start(self, connect: Connect) -> None:
        self.connection = await self._run_stage("connect", connect())
        self.connection.claim(self.id)
        self.target = await self._run_stage(
            "environment", choose_target(self.connection, self.parameters.environment)
        )
        await self._serve()

    async def _serve(self) -> None:
        assert self.connection is not None and self.target is not None
        parameters = self.parameters
        request = LaunchRequest(
            self.id, self._token, parameters.root, parameters.remote_port, parameters.patience
        )
        starting = launch.start(self.connection.link, self.target.python, request)
        self._process, report = await self._run_stage("start", starting)
        self._record(report)
        await self._run_stage("tunnel", self._open_tunnel())
        await self._run_stage("health", self._heartbeat())
        self.stage = ""
        self._set_state("running")

    async def _open_tunnel(self) -> None:
        assert self.connection is not None and self.report is not None
        _, writer = await self.connection.link.dial(self.report.port)
        writer.close()
        await self.tunnel.open()

    async def _run_stage(self, stage: Stage, work: Awaitable[Any]) -> Any:
        """Await the work of a stage and return its result."""
        self.stage = stage
        self._changed(self)
        try:
            async with asyncio.timeout(LIMITS[stage]):
                return await work
        except TimeoutError:
            raise StageTimedOut(stage, self.host, LIMITS[stage]) from None

    async def _monitor(self) -> None:
        """Send heartbeats; return when the connection, or the viewer behind it, is lost."""
        assert self.connection is not None
        pause = min(HEARTBEAT_SECONDS, self.parameters.patience / 4)
        while self.report is not None and not self.connection.down.is_set():
            process = self._process
            events = [self.connection.down] + ([process.ended] if process is not None else [])
            await _wait_first(events, pause)
            if process is not None and process.ended.is_set():
                if process.has_exited:
                    raise ViewerFailed(
                        "The viewer on {host} has exited: {last_error}",
                        host=self.host,
                        last_error=process.last_error,
                    )
                self._process = None  # only the channel has closed; the process may still run
            if self.connection.down.is_set():
                return
            try:
                async with asyncio.timeout(LIMITS["health"]):
                    await self._heartbeat()
                self._set_state("running")
            except (PortClosed, ForeignProgram) as error:
                if process is None or not await _is_set_soon(process.ended):
                    raise ViewerFailed(
                        "The viewer on {host} has exited: {detail}", host=self.host, detail=error.detail
                    ) from error
            except (RemoteUnavailable, TimeoutError):  # a busy host, or the end of the connection
                self._set_state(
                    "reconnecting", Message("The viewer on {host} does not answer.", host=self.host)
                )

    async def _restore(self) -> None:
        """Resume the waiting viewer after the connection was lost, or start a new one."""
        assert self.connection is not None
        self._process = None
        self._set_state("reconnecting", Message("The connection to {name} was lost.", name=self.host))
        await _wait_first([self.connection.up, self.connection.closed], None)
        if self.connection.closed.is_set():
            raise RemoteOperationFailed(
                self.connection.error or Message("The connection to {host} was closed.", host=self.host)
            )
        self.attempts += 1
        try:
            if self.report is None:
                await self._serve()
            else:
                await self._resume()
        except ConnectionLost:
            await _wait_first([self.connection.down], 1.0)  # wait until the pool notices

    async def _resume(self) -> None:
        try:
            async with asyncio.timeout(LIMITS["health"]):
                await self._heartbeat()
        except (PortClosed, ForeignProgram, TimeoutError) as error:
            if isinstance(error, ForeignProgram):
                self._token = secrets.token_urlsafe(32)  # another program may have seen the old token
            self.report = None
            await self._serve()
        else:
            self._set_state("running")

    async def _heartbeat(self) -> None:
        assert self.connection is not None and self.report is not None
        answer = await self._ask(HEARTBEAT)
        self._record(answer.report)
        self.latency = answer.latency

    async def _ask(self, purpose: str) -> Answer:
        assert self.connection is not None and self.report is not None
        now = time.time() + self._clock_offset
        return await launch.ask(self.connection.link, self.report.port, self._token, purpose, now)

    def _record(self, report: StatusReport) -> None:
        self.report = report
        self.seen_at = time.time()
        self._clock_offset = report.time - self.seen_at

    async def _dial(self) -> tuple[Any, Any]:
        if self.state != "running" or self.connection is None or self.report is None:
            raise RemoteUnavailable
        return await self.connection.link.dial(self.report.port)

    def _set_state(self, state: State, error_message: str = "") -> None:
        if (self.state, self.error_message) != (state, error_message):
            self.state, self.error_message = state, error_message
            if state != "running":
                self.latency = None
            self._changed(self)

    def _fail(self, error: RemoteError) -> None:
        self.error = error
        self._set_state("failed", error_sentence(error))

    async def end(self, patience: float | None = None) -> None:
        """Stop in any state: the tunnel first, then the remote viewer."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.ready.cancel()  # if the task ended before it could settle the future
        if not self._cleaned_up:
            await self._clean_up(patience)
        self.error_message = ""
        self._set_state("stopped")

    async def _clean_up(self, patience: float | None = None) -> None:
        await self.tunnel.close()
        if not self._stop_requested:  # do not wait twice for an unresponsive viewer
            with suppress(RemoteError, TimeoutError):
                async with asyncio.timeout(END_SECONDS if patience is None else patience):
                    await self._end_viewer()
            self._stop_requested = self.connection is not None and self.connection.up.is_set()
        if self._process is not None:
            await self._process.kill()
            self._process = None
        if self.connection is not None:
            self.connection.release(self.id)
        self._cleaned_up = True

    async def _end_viewer(self) -> None:
        """Stop the remote viewer and wait for it; without a connection it exits on its own."""
        if self.report is None or self.connection is None or not self.connection.up.is_set():
            return
        async with asyncio.timeout(RESPONSE_SECONDS):
            await self._ask(END)
        if self._process is not None:
            await self._process.ended.wait()
            return
        with suppress(PortClosed):
            while True:
                _, writer = await self.connection.link.dial(self.report.port)
                writer.close()
                await asyncio.sleep(0.1)


async def _wait_first(events: list[asyncio.Event], timeout: float | None) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _is_set_soon(event: asyncio.Event) -> bool:
    await _wait_first([event], 1.0)
    return event.is_set()


class Sessions:
    def __init__(self) -> None:
        self.by_id: dict[str, Session] = {}

    def add(self, session: Session) -> None:
        self.by_id[session.id] = session

    def forget(self, session: Session) -> None:
        self.by_id.pop(session.id, None)

    def all(self) -> list[Session]:
        return list(self.by_id.values())

    async def end_all_over(self, connection: PooledConnection) -> None:
        """End the sessions over a connection concurrently, before it is closed."""
        over = [session for session in self.all() if session.connection is connection]
        await asyncio.gather(*(session.end(CLOSE_CALLBACK_SECONDS) for session in over))
        for session in over:
            self.forget(session)


sessions = Sessions()
"""The sessions of this process."""
