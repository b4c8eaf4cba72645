"""Base class of WebSockets about one run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from runicorn.store import layout
from runs.active_root import active_root
from runs.errors import InvalidRunId, OutsideRoot, RunNotFound
from runs.live.backpressure import ClientLeft, FellBehind, Flow, Message, Receive, Send
from runs.live.hub import Subscription, hub
from runs.models import Run
from runs.services.lookup import get_run

BAD_REQUEST, NOT_FOUND, FELL_BEHIND = 4400, 4404, 4408
"""Close codes. Control messages never travel as log lines."""

_TURN = 64
"""Frames sent before other clients get their turn."""

ROOT_PAUSE = 1.0
"""Seconds between checks of the active storage root; the answer is in memory."""


class Close(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class RunSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """A WebSocket about the run in its path. Frames from the client are ignored.

    A consumer handles events one after another, so its work is a separate task: a disconnect is noticed while data is
    being sent, and ends it at once.
    """

    watched_files: tuple[str, ...] = (layout.META, layout.STATUS, layout.CURATION, layout.DELETED)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a connection until the client leaves; an error in the task ends it."""
        self.flow: Flow = scope.get("runicorn.flow") or Flow()
        self._sending = asyncio.Lock()
        self._reading: set[Subscription] = set()
        self.log: Subscription | None = None
        async with asyncio.TaskGroup() as group:
            self._group = group
            await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        """Start the task; `_begin` completes the handshake."""
        self._work = self._group.create_task(self._serve())

    async def disconnect(self, code: int) -> None:
        """Stop the task after the client has left."""
        self._work.cancel()

    async def _serve(self) -> None:
        ending: BaseException | None = None
        with ExitStack() as self.files:
            try:
                await self._begin()
                async with asyncio.TaskGroup() as group:
                    for part in self.parts():
                        group.create_task(part)
            except* (Close, ClientLeft, FellBehind) as errors:
                ending = _first(errors)
        if isinstance(ending, FellBehind):
            self.flow.allow_slow_close()
            ending = Close(FELL_BEHIND, "More than 8 MiB behind")
        if isinstance(ending, Close):
            await self.close(ending.code, ending.reason)

    async def _begin(self) -> None:
        """Prepare everything before accepting, so that whatever is written after the handshake is sent.

        A rejection also follows the handshake: a close before it has no code.
        """
        try:
            self.read_query(_single_values(self.scope["query_string"]))
            self.run, self.folder = await self.find_run()
            await self.open()
        finally:
            await self.accept()
            self.flow.discard_received()

    def read_query(self, query: dict[str, str]) -> None:
        """Parse the query parameters. Raises `Close` (4400) for an invalid one."""

    async def open(self) -> None:
        """Prepare what must be ready before the handshake completes."""

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Return the coroutines that run concurrently while the socket is open; the first `Close` ends it."""
        return [self.watch_run(), self.watch_root()]

    async def find_run(self) -> tuple[Run, Path]:
        """Return the current run and its folder.

        Raises:
            Close: 4400 for a malformed run id, 4404 for an unknown or deleted run.
        """
        run_id = self.scope["url_route"]["kwargs"]["run_id"]
        try:
            run_and_folder: tuple[Run, Path] = await database_sync_to_async(_run_and_folder)(run_id)
        except InvalidRunId as error:
            raise Close(BAD_REQUEST, str(error.detail)) from error
        except (RunNotFound, OutsideRoot) as error:
            raise Close(NOT_FOUND, str(error.detail)) from error
        return run_and_folder

    async def watch_run(self) -> None:
        """Reload the run when one of `watched_files` changes; `find_run` closes the socket of a deleted run."""
        with hub.changes(*(self.folder / name for name in self.watched_files)) as changes:
            async for _ in changes:
                self.run, _ = await self.find_run()
                if self.log is not None:
                    self.log.set_ended(self.has_ended())
                await self.send_status()

    def has_ended(self) -> bool:
        """Return whether the run writes nothing more, so that the last line of its files may lack a newline."""
        return self.run.status != layout.RUNNING

    async def send_status(self) -> None:
        """Send the state of the run, in sockets that have a frame for it."""

    async def watch_root(self) -> None:
        """Close when another storage root is opened: sockets, like pages, show only the active one."""
        while active_root().pk == self.run.root_id:
            await asyncio.sleep(ROOT_PAUSE)
        raise Close(NOT_FOUND, "Another storage root was opened")

    @contextmanager
    def reading(self, path: Path, offset: int, **how: Any) -> Iterator[Subscription]:
        """Read a file for the client (see `Hub.subscribe`); its unread bytes count as `behind`."""
        with hub.subscribe(path, offset, **how) as subscription:
            self._reading.add(subscription)
            try:
                yield subscription
            finally:
                self._reading.discard(subscription)

    @contextmanager
    def reading_log(self, offset: int, lines: int | None) -> Iterator[Subscription]:
        """Read the log from a byte on, or its last `lines`; the last line of an ended run may lack a newline."""
        path = self.folder / layout.LOGS
        with self.reading(path, offset, lines=lines, ended=self.has_ended()) as self.log:
            yield self.log

    def behind(self) -> int:
        """Bytes of the files that the client has not received yet."""
        return sum(subscription.behind for subscription in self._reading)

    async def send_all(self, frames: Iterable[str]) -> None:
        """Send text frames no faster than the client reads them, taking turns with concurrent coroutines.

        Raises:
            FellBehind, ClientLeft: sending more is pointless.
        """
        async with self._sending:
            for number, frame in enumerate(frames, 1):
                await self.send(text_data=frame)
                if number % _TURN == 0:
                    await self.flow.drain(self.behind)
            await self.flow.drain(self.behind)


def _run_and_folder(run_id: str) -> tuple[Run, Path]:
    run = get_run(run_id)
    return run, run.path


def _first(error: BaseException) -> BaseException:
    """Return the first exception inside nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _single_values(query_string: bytes) -> dict[str, str]:
    """Return the last value of each parameter; an empty one counts as missing."""
    pairs = parse_qs(query_string.decode("latin-1"))
    return {name: values[-1] for name, values in pairs.items()}


def whole_number(query: dict[str, str], name: str, default: int, highest: int | None = None) -> int:
    """Return a non-negative integer parameter.

    Raises:
        Close: 4400, it is not a number, or outside 0 to `highest`.
    """
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Close(BAD_REQUEST, f"{name} must be a whole number of at least 0")
    if highest is not None and int(text) > highest:
        raise Close(BAD_REQUEST, f"{name} must be at most {highest}")
    return int(text)
