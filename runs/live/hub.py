"""The hub: one task per watched file looks at it, and any number of subscriptions read what is new in it.

It lives in the server's event loop and is called from there only. What it hands on is never copied into
queues: a watch says *that* there is something, and each subscription reads on from its own byte offset. So a
slow client holds up nobody, costs no memory, and neither misses a line nor gets one twice.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from runicorn._platform import is_network_filesystem
from runicorn_site.web.files import OpenFile
from runs.live.tail import BLOCK, Chunk, Tail

logger = logging.getLogger(__name__)

TICK = 0.015
"""Seconds between two looks at a growing file: half of it is the mean delay, at about 1 % of a core."""

FOLDER_TICK = 0.25
NETWORK_TICK = 1.0
"""On a network file system every look is a round trip, made in a thread."""

Signature = tuple[tuple[int, ...] | None, ...]


def signature(*paths: Path) -> Signature:
    """What a stat tells of each path: equal means that nobody wrote. None where there is nothing."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Watch:
    """One task that looks at `paths` again and again as long as somebody listens."""

    tick = FOLDER_TICK

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self.seen: Signature | None = None
        self.file: OpenFile | None = None
        self.slow = False
        self.looked = asyncio.Event()
        self.listeners: set[asyncio.Event] = set()
        self.task = asyncio.get_running_loop().create_task(self._run())
        self.task.add_done_callback(self._ended)

    async def _run(self) -> None:
        self.slow = await asyncio.to_thread(is_network_filesystem, self.paths[0].parent)
        while True:
            self._take(await asyncio.to_thread(self.look) if self.slow else self.look())
            self.looked.set()
            await asyncio.sleep(NETWORK_TICK if self.slow else self.tick)

    def _take(self, sight: tuple[Signature, OpenFile | None]) -> None:
        # Not in `_run` itself: the frame of a cancelled task would keep the file in a local variable, and open.
        if sight != (self.seen, self.file):
            self.seen, self.file = sight
            self._wake()

    def look(self) -> tuple[Signature, OpenFile | None]:
        """Look once, perhaps from a thread: what is there now, and the open file that belongs to it."""
        return signature(*self.paths), None

    def _wake(self) -> None:
        for listener in self.listeners:
            listener.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.file = None
        self.looked.set()
        self._wake()

    def check(self) -> None:
        """Raise what ended the watch, if anything did: a listener must not wait for a dead one."""
        if self.task.done():
            self.task.result()


class FileWatch(Watch):
    """The watch of one growing file, which it holds open for all that read it."""

    tick = TICK

    def __init__(self, paths: tuple[Path, ...]) -> None:
        super().__init__(paths)
        self._complaint = ""

    @property
    def size(self) -> int:
        """Bytes of the file at the last look."""
        entry = self.seen[0] if self.seen else None
        return entry[2] if entry else 0

    def look(self) -> tuple[Signature, OpenFile | None]:
        """Stat the path, and open what lies there when it is another file than before, or could not be opened."""
        before, seen = self.seen[0] if self.seen else None, signature(*self.paths)
        now = seen[0]
        if now is None:
            return seen, None
        same_file = before is not None and before[:2] == now[:2]
        return seen, (self.file if same_file else None) or self._open()

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
    """Somebody who listens to a watch; `close()` it, or use it as a context manager."""

    def __init__(self, watch: Watch, leave: Callable[[Listener], None]) -> None:
        self.watch = watch
        self.news = asyncio.Event()
        self._leave = leave
        watch.listeners.add(self.news)

    def close(self) -> None:
        """Stop listening. The watch of the last one to leave ends, and its file is closed."""
        self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self


class Changes(Listener):
    """Says that one of some small files changed: `async for _ in changes`. It begins with saying so."""

    def __init__(self, watch: Watch, leave: Callable[[Listener], None]) -> None:
        super().__init__(watch, leave)
        self.news.set()

    async def __anext__(self) -> None:
        await self.watch.looked.wait()
        await self.news.wait()
        self.news.clear()
        self.watch.check()


class Subscription(Listener):
    """The whole lines of one file from some place on, for ever: `async for chunk in subscription`.

    The file may come later; until then it waits, and then begins with the first line. A file that was truncated
    or replaced begins anew, announced by an empty chunk with `replaced`.
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
        """Note whether more can be written: the last line of an ended file counts without its newline."""
        if ended and not self.ended:
            self.news.set()
        self.ended = ended

    @property
    def behind(self) -> int:
        """Bytes in the file that were not handed out yet, as of the last look."""
        return max(0, self.watch.size - self._tail.offset) if self._tail else 0

    async def ready(self) -> None:
        """Wait until the place to begin at is found: whatever is written from then on will be handed out."""
        await self._begun()

    async def _begun(self) -> Tail:
        if self._tail is None:
            await self.watch.looked.wait()
            self.watch.check()
            file = self.watch.file
            self._tail = await asyncio.to_thread(self._start, file) if file else Tail()
        return self._tail

    async def __anext__(self) -> Chunk:
        tail = await self._begun()
        # Someone who is catching up always has a next chunk, and must still let the others have a turn.
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
        # What is new comes out of the page cache; what is older may have to be fetched from a disk.
        if self.watch.slow or self.behind > BLOCK:
            return await asyncio.to_thread(tail.read, file, ended=self.ended)
        return tail.read(file, ended=self.ended)


class Hub:
    """Everything that is watched in one event loop."""

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
        """The lines of a file from the byte `offset` on, or with its last `lines` lines first.

        Args:
            path: the file, which need not exist yet.
            offset: a byte at which a line begins, as an earlier chunk's `end` said.
            lines: begin with the last so many lines that are not blank, and not at `offset`.
            anywhere: take the offset as it is, even within a line.
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
        """What tells when one of some small files was written, appeared or went away."""
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
        """How many files and groups of files are being watched."""
        return len(self._files) + len(self._groups)


hub = Hub()
