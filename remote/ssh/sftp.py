"""Remote files and folders over SFTP; no path reaches a shell."""

from __future__ import annotations

import asyncio
import os
import posixpath
import secrets
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from remote.errors import InvalidInput, RemoteOperationFailed, RemotePathNotFound
from remote.ssh.client import Link, library

if TYPE_CHECKING:
    from runicorn.api.responses.remote import RemoteEntry, RemoteFolder

T = TypeVar("T")

MOST_ENTRIES = 10_000
SECONDS = 20.0
"""For reading a folder or file status; a network file system may hang."""
TRANSFER_SECONDS = 300.0
CLEAR_SECONDS = 2.0
PART_BYTES = 32 * 1024
PARTS_AT_ONCE = 16
AT_ONCE = 64
"""Symlinks of a folder resolved concurrently."""

Progress = Callable[[int, int], None]
"""Called with the bytes copied and the total."""


@dataclass(frozen=True)
class FolderEntry:
    """An item of a folder. `size` in bytes, 0 for folders; `mtime` in Unix seconds."""

    name: str
    is_dir: bool
    size: int
    mtime: int


@dataclass(frozen=True)
class Folder:
    """A folder with its absolute path; `truncated` if it has more than `MOST_ENTRIES` items."""

    path: str
    items: list[FolderEntry]
    truncated: bool

    def to_dict(self) -> RemoteFolder:
        items: list[RemoteEntry] = [
            {"name": entry.name, "is_dir": entry.is_dir, "size": entry.size, "mtime": entry.mtime}
            for entry in self.items
        ]
        return {"path": self.path, "items": items, "truncated": self.truncated}


async def expanded(link: Link, path: str) -> str:
    """Return a remote path with `~` expanded; relative paths start at the home.

    Raises:
        InvalidInput: the path contains a NUL character, is not valid text, or names another user's home.
    """
    first, _, rest = path.partition("/")
    if "\0" in path or not path:
        raise InvalidInput("path", "path: must not be empty or contain a NUL character.")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InvalidInput("path", "path: not valid text.") from None
    if path.startswith("/"):
        return path
    if first.startswith("~") and first != "~":
        raise InvalidInput("path", "path: write the home of another user as a full path.")
    home = _text(await _with_sftp(link, "~", lambda files: files.realpath(b".")))
    below = rest if first == "~" else path
    return posixpath.join(home, below) if below else home


async def list_folder(link: Link, path: str) -> Folder:
    """List a folder: folders first, then by name; symlinks count as their targets.

    Raises:
        InvalidInput: the path is invalid or not a folder.
        RemoteOperationFailed: it timed out, or another error.
    """
    absolute_path = await expanded(link, path)

    async def read(files: Any) -> Folder:
        absolute = await files.realpath(absolute_path.encode())
        if not stat.S_ISDIR((await files.stat(absolute)).permissions or 0):
            raise InvalidInput("path", "path: {absolute_path} is not a folder.", absolute_path=absolute_path)
        names, truncated = await _names(files, absolute)
        items = []
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            items += await asyncio.gather(*(_entry(files, absolute, name) for name in some))
        items.sort(key=lambda entry: (not entry.is_dir, entry.name))
        return Folder(_text(absolute), items, truncated)

    return await _with_sftp(link, absolute_path, read)


async def nearest_folder(link: Link, path: str) -> tuple[Folder, bool]:
    """List a folder, or the nearest one above it that exists; return also whether it is the folder itself.

    Raises:
        InvalidInput: the path is invalid or not a folder.
        RemoteOperationFailed: it timed out, or another error.
    """
    absolute_path = folder = await expanded(link, path)
    while True:
        try:
            return await list_folder(link, folder), folder == absolute_path
        except RemotePathNotFound:
            above = posixpath.dirname(folder)
            if above == folder:
                raise
            folder = above


async def _names(files: Any, folder: bytes) -> tuple[list[Any], bool]:
    names: list[Any] = []
    async for file in files.scandir(folder):
        if file.filename in (b".", b".."):
            continue
        if len(names) == MOST_ENTRIES:
            return names, True
        names.append(file)
    return names, False


async def _entry(files: Any, folder: bytes, file: Any) -> FolderEntry:
    attributes = file.attrs
    if stat.S_ISLNK(attributes.permissions or 0):
        with suppress(library().SFTPError):  # a broken symlink
            attributes = await files.stat(posixpath.join(folder, file.filename))
    is_dir = stat.S_ISDIR(attributes.permissions or 0)
    size = 0 if is_dir else int(attributes.size or 0)
    return FolderEntry(_text(file.filename), is_dir, size, int(attributes.mtime or 0))


async def path_kind(link: Link, path: str) -> tuple[str, str | None]:
    """Return the absolute path, and `folder`, `file` or None if nothing exists there.

    Raises:
        InvalidInput: the path is invalid.
        RemoteOperationFailed: it timed out, or another error.
    """
    absolute_path = await expanded(link, path)
    try:
        attributes = await _with_sftp(link, absolute_path, lambda files: files.stat(absolute_path.encode()))
    except RemotePathNotFound:
        return absolute_path, None
    return absolute_path, "folder" if stat.S_ISDIR(attributes.permissions or 0) else "file"


async def put(link: Link, source: Path, target: str, progress: Progress | None = None) -> str:
    """Copy a local file to the remote host atomically, creating its folders; return its absolute path.

    Args:
        target: the remote path; `~` is the home. An existing file is replaced.
        progress: called with the bytes copied and the total.

    Raises:
        InvalidInput: `target` is invalid.
        RemoteOperationFailed: it timed out, or another error such as a full disk; no partial file is left.
    """
    absolute_path = await expanded(link, target)
    partial = f"{absolute_path}.{secrets.token_hex(4)}.part".encode()

    async def copy(files: Any) -> None:
        await files.makedirs(posixpath.dirname(absolute_path).encode() or b"/", exist_ok=True)
        try:
            await _copy(files, source, partial, progress or _ignore_progress)
            await files.posix_rename(partial, absolute_path.encode())
        finally:
            # After the rename the temporary file no longer exists.
            with suppress(library().Error, OSError):
                await asyncio.wait_for(files.remove(partial), CLEAR_SECONDS)

    await _with_sftp(link, absolute_path, copy, TRANSFER_SECONDS)
    return absolute_path


async def _copy(files: Any, source: Path, target: bytes, progress: Progress) -> None:
    """Copy a few blocks at a time. asyncssh's own `block_size` leaves a task behind for each failed block."""
    with source.open("rb") as content:
        size, offset = os.fstat(content.fileno()).st_size, 0
        async with await files.open(target, "wb", block_size=0) as file:
            while parts := [part for _ in range(PARTS_AT_ONCE) if (part := content.read(PART_BYTES))]:
                places = [offset + sum(map(len, parts[:number])) for number in range(len(parts))]
                await asyncio.gather(*(file.write(part, at) for part, at in zip(parts, places, strict=True)))
                offset = places[-1] + len(parts[-1])
                progress(offset, size)


def _ignore_progress(done: int, size: int) -> None:
    return


async def remove(link: Link, path: str) -> None:
    """Remove a remote file if it exists.

    Raises:
        InvalidInput: the path is invalid.
        RemoteOperationFailed: it timed out, or another error.
    """
    absolute_path = await expanded(link, path)
    with suppress(RemotePathNotFound):
        await _with_sftp(link, absolute_path, lambda files: files.remove(absolute_path.encode()))


async def _with_sftp(
    link: Link, absolute_path: str, use: Callable[[Any], Awaitable[T]], seconds: float = 0
) -> T:
    """Call `use` with the SFTP client, with errors converted, within `seconds` or the default limit."""
    seconds = seconds or SECONDS
    try:
        async with asyncio.timeout(seconds):
            files = await link.files()
            async with link.sftp_errors(absolute_path):
                return await use(files)
    except TimeoutError:
        link.forget_files()
        raise RemoteOperationFailed(
            "{host} did not answer about {absolute_path} within {seconds} s.",
            host=link.address.host,
            absolute_path=absolute_path,
            seconds=f"{seconds:.0f}",
        ) from None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
