"""Hub of watched files: one polling task per file, any number of subscriptions that read its new lines.

It belongs to the server's event loop and is called from there only. Content is never copied into queues: a watch only
signals that a file changed, and each subscription reads on from its own byte offset. So a slow client delays no other,
costs no memory, and misses or repeats no line.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from runicorn._platform import is_network_filesystem
from runicorn_site.web.files import OpenFile
from runs.live.tail import BLOCK, Chunk, Tail

logger = logging.getLogger(__name__)

TICK = 0.015
"""Polling interval of a growing file in seconds: the mean delay is half of it, the cost about 1 % of a core."""

FOLDER_TICK = 0.25
NETWORK_TICK = 1.0
"""On a network file system every stat is a round trip, made in a thread."""

Signature = tuple[tuple[int, ...] | None, ...]


def signature(*paths: Path) -> Signature:
    """Return the stat of each path, None where it does not exist; equal results mean that nothing was written."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Watch:
    """A task that polls `paths` while it has listeners."""

    tick = FOLDER_TICK

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self.signature: Signature | None = None
        self.file: OpenFile | None = None
        self.slow = False
        self.polled = asyncio.Event()
        self.listeners: set[asyncio.Event] = set()
        self.task = asyncio.get_running_loop().create_task(self._run())
        self.task.add_done_callback(self._on_done)

    async def _run(self) -> None:
        self.slow = await asyncio.to_thread(is_network_filesystem, self.paths[0].parent)
        while True:
            self._update(await asyncio.to_thread(self.poll) if self.slow else self.poll())
            self.polled.set()
            await asyncio.sleep(NETWORK_TICK if self.slow else self.tick)

    def _update(self, result: tuple[Signature, OpenFile | None]) -> None:
        # A function of its own: a local variable of a cancelled `_run` would keep the file open.
        if result != (self.signature, self.file):
            self.signature, self.file = result
            self._wake()

    def poll(self) -> tuple[Signature, OpenFile | None]:
        """Poll once, possibly in a thread; return the state and the open file that belongs to it."""
        return signature(*self.paths), None

    def _wake(self) -> None:
        for listener in self.listeners:
            listener.set()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self.file = None
        self.polled.set()
        self._wake()

    def check(self) -> None:
        """Raise the error that ended the watch, if any, so that no listener waits for a dead task."""
        if self.task.done():
            self.task.result()


class FileWatch(Watch):
    """Watch of one growing file, kept open for all its readers."""

    tick = TICK

    def __init__(self, paths: tuple[Path, ...]) -> None:
        super().__init__(paths)
        self._complaint = ""

    @property
    def size(self) -> int:
        """Size of the file in bytes at the last poll."""
        entry = self.signature[0] if self.signature else None
        return entry[2] if entry else 0

    def poll(self) -> tuple[Signature, OpenFile | None]:
        """Stat the path, and open the file if it was replaced or could not be opened before."""
        before, latest = self.signature[0] if self.signature else None, signature(*self.paths)
        now = latest[0]
        if now is None:
            return latest, None
        same_file = before is not None and before[:2] == now[:2]
        return latest, (self.file if same_file else None) or self._open()

    def _open(self) -> OpenFile | None:
        try:
            return OpenFile(self.paths[0])
        except FileNotFoundError:
            return None
        except OSError as error:
            if self._complaint != str(error):
                logger.warning("Cannot read %s: %s", self.paths[0], error)
            self._complaint = str(error)
            return None


class Listener:
    """A listener of a watch; `close()` it, or use it as a context manager."""

    def __init__(self, watch: Watch, leave: Callable[[Listener], None]) -> None:
        self.watch = watch
        self.news = asyncio.Event()
        self._leave = leave
        watch.listeners.add(self.news)

    def close(self) -> None:
        """Stop listening. Without listeners the watch ends, and its file is closed."""
        self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self


class Changes(Listener):
    """Signals that one of some small files changed: `async for _ in changes`. The first signal comes at once."""

    def __init__(self, watch: Watch, leave: Callable[[Listener], None]) -> None:
        super().__init__(watch, leave)
        self.news.set()

    async def __anext__(self) -> None:
        await self.watch.polled.wait()
        await self.news.wait()
        self.news.clear()
        self.watch.check()


class Subscription(Listener):
    """The complete lines of a file from an offset on, without an end: `async for chunk in subscription`.

    A missing file is waited for and read from its first line. A truncated or replaced file is read from its beginning,
    announced by an empty chunk with `replaced`.
    """

    watch: FileWatch

    def __init__(
        self,
        watch: FileWatch,
        leave: Callable[[Listener], None],
        start: Callable[[OpenFile], Tail],
        ended: bool,
    ) -> None:
        super().__init__(watch, leave)
        self.ended = ended
        self._start = start
        self._tail: Tail | None = None

    def set_ended(self, ended: bool) -> None:
        """Set whether the file is complete: its last line then counts without its newline."""
        if ended and not self.ended:
            self.news.set()
        self.ended = ended

    @property
    def behind(self) -> int:
        """Bytes of the file not yet returned, as of the last poll."""
        return max(0, self.watch.size - self._tail.offset) if self._tail else 0

    async def ready(self) -> None:
        """Wait until the first offset is found: everything written afterwards will be returned."""
        await self._open_tail()

    async def _open_tail(self) -> Tail:
        if self._tail is None:
            await self.watch.polled.wait()
            self.watch.check()
            file = self.watch.file
            self._tail = await asyncio.to_thread(self._start, file) if file else Tail()
        return self._tail

    async def __anext__(self) -> Chunk:
        tail = await self._open_tail()
        # A reader that is catching up never has to wait, and must still yield to others.
        await asyncio.sleep(0)
        while True:
            self.news.clear()
            file = self.watch.file
            chunk = await self._read(tail, file) if file else None
            if chunk is not None:
                return chunk
            await self.news.wait()
            self.watch.check()

    async def _read(self, tail: Tail, file: OpenFile) -> Chunk | None:
        # New data comes from the page cache; older data may have to be read from a disk, in a thread.
        if self.watch.slow or self.behind > BLOCK:
            return await asyncio.to_thread(tail.read, file, ended=self.ended)
        return tail.read(file, ended=self.ended)


class Hub:
    def __init__(self) -> None:
        self._files: dict[tuple[Path, ...], FileWatch] = {}
        self._groups: dict[tuple[Path, ...], Watch] = {}

    def subscribe(
        self,
        path: Path,
        offset: int = 0,
        *,
        lines: int | None = None,
        anywhere: bool = False,
        ended: bool = False,
    ) -> Subscription:
        """Subscribe to the lines of a file from the byte `offset` on, or from its last `lines` lines.

        Args:
            path: the file; it may not exist yet.
            offset: a byte at which a line begins, such as the `end` of an earlier chunk.
            lines: begin with that many last non-blank lines instead of `offset`.
            anywhere: accept an offset within a line.
            ended: the file is complete, and its last line may lack a newline.
        """
        watch = self._files.get((path,))
        if watch is None or watch.task.done():
            watch = self._files[(path,)] = FileWatch((path,))

        def start(file: OpenFile) -> Tail:
            if lines is not None:
                return Tail.last(file, lines, ended=ended)
            return Tail.at(file, offset, anywhere=anywhere)

        return Subscription(watch, self._leave, start, ended)

    def changes(self, *paths: Path) -> Changes:
        """Watch some small files for changes, creation and removal."""
        watch = self._groups.get(paths)
        if watch is None or watch.task.done():
            watch = self._groups[paths] = Watch(paths)
        return Changes(watch, self._leave)

    def _leave(self, listener: Listener) -> None:
        watch = listener.watch
        watch.listeners.discard(listener.news)
        if watch.listeners:
            return
        watch.task.cancel()
        watches: dict[tuple[Path, ...], FileWatch] | dict[tuple[Path, ...], Watch]
        watches = self._files if isinstance(watch, FileWatch) else self._groups
        if watches.get(watch.paths) is watch:
            del watches[watch.paths]

    def __len__(self) -> int:
        """Return the number of watched files and groups of files."""
        return len(self._files) + len(self._groups)


hub = Hub()
