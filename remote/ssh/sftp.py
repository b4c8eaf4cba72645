"""Files and folders on another machine, over SFTP: paths never meet a shell."""

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
"""For a look at a folder or file; a file system of the network may hang."""
TRANSFER_SECONDS = 300.0
CLEAR_SECONDS = 2.0
PART_BYTES = 32 * 1024
PARTS_AT_ONCE = 16
AT_ONCE = 64
"""Links of a folder that are looked at together."""

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are over."""


@dataclass(frozen=True)
class Entry:
    """Something in a folder. `size` in bytes, 0 of folders; `mtime` in Unix seconds."""

    name: str
    is_dir: bool
    size: int
    mtime: int


@dataclass(frozen=True)
class Folder:
    """A folder with its absolute path; `truncated` when it holds more than `MOST_ENTRIES`."""

    path: str
    items: list[Entry]
    truncated: bool

    def to_dict(self) -> RemoteFolder:
        """Serialize for the API."""
        items: list[RemoteEntry] = [
            {"name": entry.name, "is_dir": entry.is_dir, "size": entry.size, "mtime": entry.mtime}
            for entry in self.items
        ]
        return {"path": self.path, "items": items, "truncated": self.truncated}


async def expanded(link: Link, path: str) -> str:
    """A path as the other machine understands it: `~` is the home there, relative ones lie in it.

    Raises:
        InvalidInput: it holds a NUL character, is no text, or means another user's home.
    """
    first, _, rest = path.partition("/")
    if "\0" in path or not path:
        raise InvalidInput("path", "path: no path is empty or holds a NUL character.")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InvalidInput("path", "path: it is no valid text.") from None
    if path.startswith("/"):
        return path
    if first.startswith("~") and first != "~":
        raise InvalidInput("path", "path: write the home of another user as a full path.")
    home = _text(await _asked(link, "~", lambda files: files.realpath(b".")))
    below = rest if first == "~" else path
    return posixpath.join(home, below) if below else home


async def list_folder(link: Link, path: str) -> Folder:
    """What lies in a folder: folders first, then by name; links count as what they lead to.

    Raises:
        RemotePathNotFound: it is not there.
        InvalidInput: it is no folder, or no path.
        RemotePermissionDenied: the user there may not read it.
        RemoteOperationFailed: it took too long, or something else.
    """
    place = await expanded(link, path)

    async def look(files: Any) -> Folder:
        absolute = await files.realpath(place.encode())
        if not stat.S_ISDIR((await files.stat(absolute)).permissions or 0):
            raise InvalidInput("path", f"path: {place} is no folder.")
        names, truncated = await _names(files, absolute)
        items = []
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            items += await asyncio.gather(*(_entry(files, absolute, name) for name in some))
        items.sort(key=lambda entry: (not entry.is_dir, entry.name))
        return Folder(_text(absolute), items, truncated)

    return await _asked(link, place, look)


async def _names(files: Any, folder: bytes) -> tuple[list[Any], bool]:
    names: list[Any] = []
    async for found in files.scandir(folder):
        if found.filename in (b".", b".."):
            continue
        if len(names) == MOST_ENTRIES:
            return names, True
        names.append(found)
    return names, False


async def _entry(files: Any, folder: bytes, found: Any) -> Entry:
    attributes = found.attrs
    if stat.S_ISLNK(attributes.permissions or 0):
        with suppress(library().SFTPError):  # it leads nowhere
            attributes = await files.stat(posixpath.join(folder, found.filename))
    is_dir = stat.S_ISDIR(attributes.permissions or 0)
    size = 0 if is_dir else int(attributes.size or 0)
    return Entry(_text(found.filename), is_dir, size, int(attributes.mtime or 0))


async def path_kind(link: Link, path: str) -> tuple[str, str | None]:
    """The absolute path, and `folder`, `file` or `None` for what is there.

    Raises:
        InvalidInput: it is no path.
        RemotePermissionDenied: the user there may not look.
        RemoteOperationFailed: it took too long, or something else.
    """
    place = await expanded(link, path)
    try:
        attributes = await _asked(link, place, lambda files: files.stat(place.encode()))
    except RemotePathNotFound:
        return place, None
    return place, "folder" if stat.S_ISDIR(attributes.permissions or 0) else "file"


async def put(link: Link, source: Path, target: str, progress: Progress | None = None) -> str:
    """Copy a file of this machine over there, whole or not at all; its folders are made. The absolute path of it.

    Args:
        link: the connection.
        source: what is copied.
        target: its path there; `~` is the home. What is there is replaced.
        progress: told of what is over.

    Raises:
        InvalidInput: `target` is no path.
        RemotePermissionDenied: the user there may not write it.
        RemoteOperationFailed: it took too long, or something else, a full disk mostly; nothing is left there.
    """
    place = await expanded(link, target)
    beside = f"{place}.{secrets.token_hex(4)}.part".encode()

    async def copy(files: Any) -> None:
        await files.makedirs(posixpath.dirname(place).encode() or b"/", exist_ok=True)
        try:
            await _copy(files, source, beside, progress or _tell_nobody)
            await files.posix_rename(beside, place.encode())
        finally:
            # After the renaming there is nothing to remove, and that is fine.
            with suppress(library().Error, OSError):
                await asyncio.wait_for(files.remove(beside), CLEAR_SECONDS)

    await _asked(link, place, copy, TRANSFER_SECONDS)
    return place


async def _copy(files: Any, source: Path, target: bytes, progress: Progress) -> None:
    """Some parts at a time. asyncssh's own way (any other `block_size`) leaves a task behind for each part that fails."""
    with source.open("rb") as content:
        size, done = os.fstat(content.fileno()).st_size, 0
        async with await files.open(target, "wb", block_size=0) as file:
            while parts := [part for _ in range(PARTS_AT_ONCE) if (part := content.read(PART_BYTES))]:
                places = [done + sum(map(len, parts[:number])) for number in range(len(parts))]
                await asyncio.gather(*(file.write(part, at) for part, at in zip(parts, places, strict=True)))
                done = places[-1] + len(parts[-1])
                progress(done, size)


def _tell_nobody(done: int, size: int) -> None:
    return


async def remove(link: Link, path: str) -> None:
    """Remove a file over there; one that is not there is fine.

    Raises:
        InvalidInput: it is no path.
        RemotePermissionDenied: the user there may not.
        RemoteOperationFailed: it took too long, or something else.
    """
    place = await expanded(link, path)
    with suppress(RemotePathNotFound):
        await _asked(link, place, lambda files: files.remove(place.encode()))


async def _asked(link: Link, place: str, ask: Callable[[Any], Awaitable[T]], seconds: float = 0) -> T:
    """What `ask` gets of the SFTP client, with our errors, within `seconds` or the usual ones."""
    seconds = seconds or SECONDS
    try:
        async with asyncio.timeout(seconds):
            files = await link.files()
            async with link.sftp_errors(place):
                return await ask(files)
    except TimeoutError:
        link.forget_files()
        raise RemoteOperationFailed(
            f"{link.address.host} did not answer about {place} within {seconds:.0f} s."
        ) from None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
