"""Sessions of remote viewers, each from the request to start it until its end.

    connect → environment → start → tunnel → health        stages of a start, each with its time limit
    running ⇄ reconnecting                                 the connection was lost; the remote viewer waits for us
    failed                                                 `trouble` says why it did not start or has ended

Everything runs in the loop of `remote/ssh/loop.py`; nothing is written here.
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
from remote.ssh.pool import PooledConnection, told
from remote.viewers import launch
from remote.viewers.compatibility import LaunchTarget, chosen
from remote.viewers.errors import ForeignProgram, ViewerFailed
from remote.viewers.launch import Answer, RemoteProcess
from remote.viewers.tunnel import Tunnel
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
"""Seconds for each stage. A Python on a network file system takes half a minute for its first start."""
SLOW = {
    "connect": "No connection to {host} came about",
    "environment": "The Pythons of {host} could not be looked at",
    "start": "The viewer on {host} did not report that it serves",
    "tunnel": "{host} did not open a way to the viewer",
    "health": "The viewer on {host} did not answer",
}
HEARTBEAT_SECONDS = 5.0
END_SECONDS = 6.0
"""For a remote viewer to exit after a stop request; it takes at most three."""
RESPONSE_SECONDS = 3.0
"""For the response to a stop request; without one the process is killed."""
CLOSE_CALLBACK_SECONDS = 4.0
"""For both when its connection is closed. At exit this program waits less, and kills no process."""


@dataclass(frozen=True)
class SessionParameters:
    """Parameters of a session."""

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
        self, address: Address, wanted: SessionParameters, changed: Callable[[Session], None]
    ) -> None:
        """Nothing happens before `begin`.

        Args:
            address: where it will be, and as whom.
            wanted: what it is to show, and how.
            changed: called after every change of state, within the loop.
        """
        self.id = secrets.token_hex(4)
        self.address = address
        self.host = address.host
        self.wanted = wanted
        self.state: State = "connecting"
        self.stage: Stage = "connect"
        self.trouble = ""
        self.error: RemoteError | None = None
        self.started_at = time.time()
        self._started = time.monotonic()
        self.seen_at: float | None = None
        self.latency: float | None = None
        self.attempts = 0
        self.place: LaunchTarget | None = None
        self.report: StatusReport | None = None
        self.connection: PooledConnection | None = None
        self.tunnel = Tunnel(self._dial, self.sentence)
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed = changed
        self._process: RemoteProcess | None = None
        self._token = secrets.token_urlsafe(32)
        self._far_clock = 0.0
        self._life: asyncio.Task[None] | None = None
        self._told_to_end = False
        self._cleared = False

    # What others see

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
            return f"{self.trouble} It is being made again; this page comes back by itself when you load it then."
        return self.trouble or f"The viewer on {self.host} is being started."

    def _stamp(self, purpose: str) -> str:
        return make_stamp(self._token, purpose, time.time() + self._far_clock)

    # Its life

    def begin(self, connect: Connect) -> None:
        """Take the port and start; `ready` is done when it runs, or has the error when it does not.

        Raises:
            LocalPortInUse: the port that was asked for is somebody's.
        """
        self.tunnel.take(self.wanted.local_port)
        self._life = asyncio.create_task(self._live(connect), name=f"session {self.id}")
        self._life.add_done_callback(self._is_over)

    def _is_over(self, life: asyncio.Task[None]) -> None:
        if life.cancelled() or (error := life.exception()) is None:
            return
        logger.error("Task of session %s crashed", self.id, exc_info=error)
        told = ViewerFailed("Internal error; the log of this viewer has the details.")
        if not self.ready.done():
            self.ready.set_exception(told)
            self.ready.exception()
        self._life = asyncio.create_task(self._clear_up(), name=f"clearing up {self.id}")
        self._fail(told)

    async def _live(self, connect: Connect) -> None:
        try:
            await self._start(connect)
        except RemoteError as error:
            await self._clear_up()
            self._fail(error)
            self.ready.set_exception(error)
            self.ready.exception()  # somebody may look at it, or nobody
            return
        except asyncio.CancelledError:
            self.ready.cancel()
            raise
        self.ready.set_result(None)
        try:
            while True:
                await self._follow()
                await self._return()
        except RemoteError as error:
            await self._clear_up()
            self._fail(error)

    async def _start(self, connect: Connect) -> None:
        self.connection = await self._at("connect", connect())
        self.connection.claim(self.id)
        self.place = await self._at("environment", chosen(self.connection, self.wanted.environment))
        await self._serve()

    async def _serve(self) -> None:
        assert self.connection is not None and self.place is not None
        wanted = self.wanted
        request = LaunchRequest(self.id, self._token, wanted.root, wanted.remote_port, wanted.patience)
        starting = launch.start(self.connection.link, self.place.python, request)
        self._process, report = await self._at("start", starting)
        self._heard(report)
        await self._at("tunnel", self._open_tunnel())
        await self._at("health", self._beat())
        self.stage = ""
        self._turn("running")

    async def _open_tunnel(self) -> None:
        assert self.connection is not None and self.report is not None
        _, writer = await self.connection.link.dial(self.report.port)
        writer.close()
        await self.tunnel.open()

    async def _at(self, stage: Stage, work: Awaitable[Any]) -> Any:
        """The result of a stage's work.

        Raises:
            ViewerFailed: it took longer than the stage may.
        """
        self.stage = stage
        self._changed(self)
        try:
            async with asyncio.timeout(LIMITS[stage]):
                return await work
        except TimeoutError:
            sentence = SLOW[stage].format(host=self.host)
            raise ViewerFailed(f"{sentence} within {LIMITS[stage]:.0f} s. Try again.") from None

    async def _follow(self) -> None:
        """Return when the connection, or the viewer behind it, is lost.

        Raises:
            ViewerFailed: the viewer has ended while it was connected.
        """
        assert self.connection is not None
        pause = min(HEARTBEAT_SECONDS, self.wanted.patience / 4)
        while self.report is not None and not self.connection.down.is_set():
            process = self._process
            events = [self.connection.down] + ([process.ended] if process is not None else [])
            await _first(events, pause)
            if process is not None and process.ended.is_set():
                if process.has_exited:
                    raise ViewerFailed(f"The viewer on {self.host} has ended: {process.last_error}")
                self._process = None  # the channel is gone, which says nothing of the process
            if self.connection.down.is_set():
                return
            try:
                async with asyncio.timeout(LIMITS["health"]):
                    await self._beat()
                self._turn("running")
            except (PortClosed, ForeignProgram) as error:
                if process is None or not await _soon(process.ended):
                    raise ViewerFailed(f"The viewer on {self.host} has ended: {error.detail}") from error
            except (RemoteUnavailable, TimeoutError):  # a busy host, or the end of the connection
                self._turn("reconnecting", f"The viewer on {self.host} does not answer.")

    async def _return(self) -> None:
        """Come back after the connection was lost: to the viewer that waits over there, or to a new one.

        Raises:
            RemoteOperationFailed: the connection cannot be made again, or no viewer be started.
        """
        assert self.connection is not None
        self._process = None
        self._turn("reconnecting", f"The connection to {self.host} was lost.")
        await _first([self.connection.up, self.connection.closed], None)
        if self.connection.closed.is_set():
            raise RemoteOperationFailed(self.connection.error or f"The connection to {self.host} was closed.")
        self.attempts += 1
        try:
            if self.report is None:
                await self._serve()
            else:
                await self._find_again()
        except ConnectionLost:
            await _first([self.connection.down], 1.0)  # it is about to be noticed

    async def _find_again(self) -> None:
        try:
            async with asyncio.timeout(LIMITS["health"]):
                await self._beat()
        except (PortClosed, ForeignProgram, TimeoutError) as error:
            if isinstance(error, ForeignProgram):
                self._token = secrets.token_urlsafe(32)  # that of before may have been shown to a stranger
            self.report = None
            await self._serve()
        else:
            self._turn("running")

    async def _beat(self) -> None:
        assert self.connection is not None and self.report is not None
        answer = await self._ask(HEARTBEAT)
        self._heard(answer.report)
        self.latency = answer.latency

    async def _ask(self, purpose: str) -> Answer:
        assert self.connection is not None and self.report is not None
        now = time.time() + self._far_clock
        return await launch.ask(self.connection.link, self.report.port, self._token, purpose, now)

    def _heard(self, report: StatusReport) -> None:
        self.report = report
        self.seen_at = time.time()
        self._far_clock = report.time - self.seen_at

    async def _dial(self) -> tuple[Any, Any]:
        if self.state != "running" or self.connection is None or self.report is None:
            raise RemoteUnavailable
        return await self.connection.link.dial(self.report.port)

    def _turn(self, state: State, trouble: str = "") -> None:
        if (self.state, self.trouble) != (state, trouble):
            self.state, self.trouble = state, trouble
            if state != "running":
                self.latency = None
            self._changed(self)

    def _fail(self, error: RemoteError) -> None:
        self.error = error
        self._turn("failed", told(error))

    # Its end

    async def end(self, patience: float | None = None) -> None:
        """Stop in any state: the tunnel first, then the remote viewer."""
        if self._life is not None and not self._life.done():
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        self.ready.cancel()  # when that life ended before it could settle it: in its first moment, or clearing up
        if not self._cleared:
            await self._clear_up(patience)
        self.trouble = ""
        self._turn("stopped")

    async def _clear_up(self, patience: float | None = None) -> None:
        await self.tunnel.close()
        if not self._told_to_end:  # one that did not answer is not waited for again
            with suppress(RemoteError, TimeoutError):
                async with asyncio.timeout(END_SECONDS if patience is None else patience):
                    await self._end_viewer()
            self._told_to_end = self.connection is not None and self.connection.up.is_set()
        if self._process is not None:
            await self._process.kill()
            self._process = None
        if self.connection is not None:
            self.connection.release(self.id)
        self._cleared = True

    async def _end_viewer(self) -> None:
        """Stop the remote viewer and wait for it; without a connection it exits by itself."""
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


async def _first(events: list[asyncio.Event], timeout: float | None) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _soon(event: asyncio.Event) -> bool:
    await _first([event], 1.0)
    return event.is_set()


class Sessions:
    """Sessions of this process."""

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
"""Those of this process."""
