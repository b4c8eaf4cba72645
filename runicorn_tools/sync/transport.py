"""SFTP clients of asyncssh and paramiko behind one interface: list folders, read parts of files.

asyncssh's client runs in an event loop, while the calling thread waits. Its errors become `OSError`, like paramiko's.
A lost connection is a `ConnectionError`: every later request fails too.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import stat
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from runicorn_tools.sync.manifest.scan import Item, Listing

T = TypeVar("T")

SECONDS = 120.0
"""Timeout of one step: a listing, or one request of a file."""
SLICE = 4 * 2**20
SLICE_SECONDS = 3600.0
"""Its requests have their own timeout; this one is for an event loop that has ended."""
IN_FLIGHT = 64
"""Concurrent requests over all files: 8 MiB, which even a modem transfers in `SECONDS`."""
ONE_READ = 256 * 1024
"""Largest single request in bytes; servers may return less."""
PART = 128 * 1024
"""Bytes of one of many concurrent requests; OpenSSH returns a little less than 256 KiB."""
TOGETHER = 16
"""Files fetched concurrently, if the client supports it."""
_MISSING, _DENIED, _LOST = (2, 10), (3,), (6, 7)
"""Codes of the SFTP protocol: no such file or path, permission denied, no connection or connection lost."""


class RemoteFiles(Protocol):
    """Files of a remote host. Paths have forward slashes and begin at its root or the user's home.

    Attributes:
        together: how many threads may send requests concurrently.
    """

    parallel: int

    def list(self, path: str) -> list[Item]:
        """Return the folders and regular files in a folder."""

    def stat(self, path: str) -> Item:
        """Return size and time of a regular file.

        Raises:
            OSError: it is missing, or not a regular file.
        """

    def read(self, path: str, offset: int, size: int, write: Callable[[bytes], None]) -> None:
        """Pass `size` bytes from `offset` to `write`, piece by piece; fewer if the file ends before."""


def wrap_client(client: Any, loop: asyncio.AbstractEventLoop | None = None) -> RemoteFiles:
    """Return the files that an SFTP client reaches.

    Args:
        client: asyncssh's `SFTPClient`, or paramiko's.
        loop: the event loop of asyncssh's client; by default its own.

    Raises:
        TypeError: it is neither.
        RuntimeError: it belongs to the event loop of this thread, which would wait for itself.
    """
    if inspect.iscoroutinefunction(getattr(client, "readdir", None)):
        return _Asyncssh(client, loop)
    if callable(getattr(client, "listdir_attr", None)):
        return _Paramiko(client)
    raise TypeError("sftp_client must be the SFTP client of asyncssh or of paramiko")


class RemoteLister:
    """Lists folders of a remote root concurrently.

    Args:
        remote: the files of the remote host.
        status: returns the status of a run, given its folder relative to the root.
    """

    def __init__(self, remote: RemoteFiles, root: str, status: Callable[[str], str | None]) -> None:
        self._remote = remote
        self._root = root
        self.status = status

    def many(self, folders: Iterable[str]) -> Iterator[tuple[str, Listing]]:
        """List each folder, in any order.

        Raises:
            ConnectionError: the connection is lost.
        """
        requested = list(folders)
        if len(requested) == 1:
            yield requested[0], self._listing(requested[0])
            return
        with ThreadPoolExecutor(max_workers=self._remote.parallel) as pool:
            yield from zip(requested, pool.map(self._listing, requested), strict=True)

    def _listing(self, folder: str) -> Listing:
        try:
            return self._remote.list(join_path(self._root, folder))
        except ConnectionError:
            raise
        except OSError as error:
            return error


def join_path(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}" if path else root or "."


class _Paramiko:
    # One client is not for several threads at once.
    parallel = 1

    def __init__(self, client: Any) -> None:
        self._client = client

    def list(self, path: str) -> list[Item]:
        with _translate_errors(path):
            return [
                item
                for about in self._client.listdir_attr(path)
                if (item := _item(about.filename, about.st_mode, about.st_size, about.st_mtime))
            ]

    def stat(self, path: str) -> Item:
        with _translate_errors(path):
            about = self._client.lstat(path)
        return _regular(path, about.st_mode, about.st_size, about.st_mtime)

    def read(self, path: str, offset: int, size: int, write: Callable[[bytes], None]) -> None:
        with _translate_errors(path), self._client.open(path, "rb") as file:
            file.seek(offset)
            remaining = size
            while remaining > 0 and (piece := file.read(min(remaining, ONE_READ))):
                write(piece)
                remaining -= len(piece)


class _translate_errors:
    """Translate paramiko's errors into `OSError` with an errno."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is None or (isinstance(error, OSError) and error.errno is not None):
            return
        paramiko: Any = sys.modules.get("paramiko")
        if isinstance(error, EOFError) or (paramiko and isinstance(error, paramiko.SSHException)):
            raise ConnectionError(errno.ECONNRESET, "the connection was lost", self._path) from error
        if isinstance(error, OSError):
            text = str(error)
            # paramiko's only sign of a closed connection.
            if "closed" in text:
                raise ConnectionError(errno.ECONNRESET, "the connection was lost", self._path) from error
            raise OSError(errno.EIO, text, self._path) from error


class _Asyncssh:
    parallel = TOGETHER

    def __init__(self, client: Any, loop: asyncio.AbstractEventLoop | None) -> None:
        self._client = client
        self._loop = loop or _loop_of(client)
        if _running_here() is self._loop:
            raise RuntimeError(
                "sync() would block the client's event loop: call it in a thread (asyncio.to_thread)."
            )
        # Not imported: a client exists, so it is loaded.
        self._asyncssh: Any = sys.modules.get("asyncssh")
        self._errors = (self._asyncssh.Error,) if self._asyncssh else ()
        # Over a slow line more requests would wait for each other until they time out.
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        if not self._loop.is_running():  # it runs while this thread waits, for one thread only
            self.parallel = 1

    def list(self, path: str) -> list[Item]:
        names = self._wait(path, self._client.readdir(os.fsencode(path)))
        items = []
        for entry in names:
            about, name = entry.attrs, os.fsdecode(entry.filename)
            item = _item(name, about.permissions, about.size, about.mtime)
            if item is not None and name not in (".", ".."):
                items.append(item)
        return items

    def stat(self, path: str) -> Item:
        about = self._wait(path, self._client.lstat(os.fsencode(path)))
        return _regular(path, about.permissions, about.size, about.mtime)

    def read(self, path: str, offset: int, size: int, write: Callable[[bytes], None]) -> None:
        if size <= ONE_READ:
            write(self._wait(path, self._small(path, offset, size)))
            return
        file = self._wait(path, self._open(path))
        try:
            remaining = size
            while remaining > 0:
                piece = self._wait(
                    path, _slice(file, offset, min(remaining, SLICE), self._gate), SLICE_SECONDS
                )
                if not piece:
                    break
                write(piece)
                offset, remaining = offset + len(piece), remaining - len(piece)
        finally:
            self._wait(path, file.close())

    async def _open(self, path: str) -> Any:
        return await self._client.open(os.fsencode(path), "rb", block_size=0)

    async def _small(self, path: str, offset: int, size: int) -> bytes:
        # Block size 0 sends exactly this request, without a second one to find the end of the file.
        async with await self._client.open(os.fsencode(path), "rb", block_size=0) as file:
            content: bytes = await file.read(size, offset)
            # A server may return less than it has; 32 KiB is what all support.
            while 0 < len(content) < size - 1 and len(content) % 1024 == 0:
                more = await file.read(size - len(content), offset + len(content))
                if not more:
                    break
                content += more
        return content

    def _wait(self, path: str, work: Coroutine[Any, Any, T], seconds: float = SECONDS) -> T:
        try:
            if self._loop.is_running():
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
                try:
                    return future.result(seconds)
                except TimeoutError:
                    future.cancel()
                    raise
            return self._loop.run_until_complete(asyncio.wait_for(work, seconds))
        except TimeoutError as error:
            raise ConnectionError(errno.ETIMEDOUT, "the remote host does not respond", path) from error
        except self._errors as error:
            raise self._translated(error, path) from error

    def _translated(self, error: Any, path: str) -> OSError:
        code = error.code if isinstance(error, self._asyncssh.SFTPError) else _LOST[0]
        if code in _MISSING:
            return FileNotFoundError(errno.ENOENT, "no such file on the remote host", path)
        if code in _DENIED:
            return PermissionError(errno.EACCES, "permission denied on the remote host", path)
        if code in _LOST:
            return ConnectionError(errno.ECONNRESET, "the connection was lost", path)
        reason = "".join(filter(str.isprintable, str(getattr(error, "reason", error))))[:200]
        return OSError(errno.EIO, reason, path)


async def _slice(file: Any, offset: int, size: int, gate: asyncio.Semaphore) -> bytes:
    """Read `size` bytes from `offset` by concurrent requests; fewer if the file ends before.

    asyncssh's own way (any other `block_size`) leaves a task behind for each request that fails.
    """
    places = range(offset, offset + size, PART)
    parts = [_part(file, place, min(PART, offset + size - place), gate) for place in places]
    content = b""
    for part in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(part, BaseException):
            raise part
        content += part
        if len(content) % PART:  # the end of the file, which may have grown since
            break
    return content


async def _part(file: Any, offset: int, size: int, gate: asyncio.Semaphore) -> bytes:
    content = b""
    async with gate:
        while len(content) < size and (
            piece := await asyncio.wait_for(file.read(size - len(content), offset + len(content)), SECONDS)
        ):
            content += piece
    return content


def _loop_of(client: Any) -> asyncio.AbstractEventLoop:
    loop = getattr(getattr(client, "_handler", None), "_loop", None)
    if not isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError("The event loop of this SFTP client is unknown: pass it as loop=…")
    return loop


def _running_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _item(name: str, mode: int | None, size: int | None, mtime: float | None) -> Item | None:
    is_folder = stat.S_ISDIR(mode or 0)
    if not is_folder and not stat.S_ISREG(mode or 0):
        return None
    return Item(name, is_folder, size or 0, float(mtime or 0), str(mtime))


def _regular(path: str, mode: int | None, size: int | None, mtime: float | None) -> Item:
    item = _item(path, mode, size, mtime)
    if item is None or item.is_folder:
        raise OSError(errno.EINVAL, "not a regular file on the remote host", path)
    return item
