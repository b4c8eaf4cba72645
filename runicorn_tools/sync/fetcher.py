"""Fetch one file: a changed file is replaced atomically, an append-only one grows by verified bytes.

Fetched bytes are kept in a partial file beside the state until they are verified, so an interrupted transfer resumes.
Before bytes are appended, the 4,096 before them are fetched too and compared, and so are the hashes of both ends in
the manifest: a file that was rewritten on the remote host is fetched completely.

Nothing is synced to the disk: sizes and times are compared at every sync, and what a power cut lost is fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runicorn import _platform, regular_file
from runicorn.capture.sources import record as sources
from runicorn.settings import free_space
from runicorn.store import layout
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.store.run_files import pack_of
from runicorn_tools.sync.budget import Budget
from runicorn_tools.sync.inventory import FileInfo
from runicorn_tools.sync.manifest.disk import md5
from runicorn_tools.sync.manifest.model import HASHED
from runicorn_tools.sync.transport import RemoteFiles, join_path

ATTEMPTS = 2
COPY = 1024 * 1024


class FileChanged(OSError):
    """The file differs from its `FileInfo`, or changed while it was read."""


@dataclass(slots=True)
class FetchResult:
    """Result of fetching a file.

    Attributes:
        size: its size in bytes.
        mtime: its remote modification time.
        moved: bytes transferred.
        grew: whether bytes were only appended.
    """

    size: int
    mtime: float
    moved: int
    grew: bool


class Fetcher:
    """Fetches files of one remote root.

    Args:
        remote: the files of the remote host.
        root: the local storage root.
        parts: a private folder for partial files, on the same file system.
    """

    def __init__(self, remote: RemoteFiles, remote_root: str, root: Path, parts: Path) -> None:
        self._remote = remote
        self._remote_root = remote_root
        self._root = root
        self._parts = parts
        self._budget = Budget(parts)
        self._pool = sources.pool_of(root)
        self._packs = threading.Lock()

    def fetch(self, path: str, info: FileInfo) -> FetchResult:
        """Bring a local file up to date.

        Args:
            path: relative to both roots; checked by the caller.
            info: its size, time and hashes on the remote host.

        Raises:
            ConnectionError: the connection is lost; the partial file is kept.
            OSError: it could not be read or written, or kept changing; the local file is unchanged.
        """
        target = prepare_target(self._root, path)
        digest = pack_of(layout.split_run_path(path)[1])
        if not digest:
            return self._fetch(path, target, info)
        with self._packs:  # one at a time: the same pack is that of many runs
            if self._has_linked(target, digest, info):
                return FetchResult(info.size, info.mtime, 0, grew=False)
            fetched = self._fetch(path, target, info)
            sources.adopt(self._pool, target, digest)
            return fetched

    def _has_linked(self, target: Path, digest: str, info: FileInfo) -> bool:
        """Return whether a pack of sources is now a link to that of another run, which was fetched before."""
        blob = self._pool.blob(digest)
        if not self._pool.holds(digest, info.size) or abs(blob.stat().st_mtime - info.mtime) > 1e-3:
            return False
        target.unlink(missing_ok=True)
        sources.link(self._pool, target.parents[1], digest)
        return True

    def _fetch(self, path: str, target: Path, info: FileInfo) -> FetchResult:
        remote_path = join_path(self._remote_root, path)
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(path, remote_path, target, info)
            except FileChanged:
                if attempt + 1 == ATTEMPTS:
                    raise
                about = self._remote.stat(remote_path)
                info = FileInfo(about.size, about.mtime)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, path: str, remote_path: str, target: Path, info: FileInfo) -> FetchResult:
        if _grows(path):
            local_size = _size(target)
            if 0 < local_size < info.size:
                grown = self._fetch_growth(path, remote_path, target, info, local_size)
                if grown is not None:
                    return grown
            return self._fetch_all(remote_path, target, info, self._part(f"{path}|0"), grows=True)
        part = self._part(f"{path}|{info.size}|{info.mtime}")
        return self._fetch_all(remote_path, target, info, part, grows=False)

    def _part(self, key: str) -> Path:
        return self._parts / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def _require_space(self, size: int) -> None:
        free_space.require(self._parts, size)

    def _fetch_all(
        self, remote_path: str, target: Path, info: FileInfo, part: Path, *, grows: bool
    ) -> FetchResult:
        self._require_space(info.size)
        # One byte more than expected, to notice a file that has grown.
        moved = self._receive(remote_path, part, 0, info.size if grows else info.size + 1)
        size = part.stat().st_size
        if size != info.size or (grows and not _has_ends(part, info)):
            part.unlink()
            raise FileChanged(errno.EAGAIN, "it changed on the remote host while it was read", remote_path)
        _set_time(part, info.mtime)
        os.replace(part, target)
        return FetchResult(size, info.mtime, moved, grew=False)

    def _fetch_growth(
        self, path: str, remote_path: str, target: Path, info: FileInfo, local_size: int
    ) -> FetchResult | None:
        """Append what follows `local_size`; None if the local file is not the beginning of the remote one."""
        with open(_platform.open_regular(target, follow_links=False), "rb") as file:
            head = file.read(HASHED)
            file.seek(max(0, local_size - HASHED))
            before = file.read(HASHED)
        if local_size >= HASHED and info.head not in (None, md5(head)):
            return None
        part = self._part(f"{path}|{local_size}")
        self._require_space(2 * (info.size - local_size))
        try:
            moved = self._receive(remote_path, part, local_size, info.size - local_size, before)
        except FileChanged:
            return None
        if part.stat().st_size != info.size - local_size or not _matches_ends(part, head, before, info):
            part.unlink()
            return None
        append(target, part, local_size)
        _set_time(target, info.mtime)
        part.unlink()
        return FetchResult(info.size, info.mtime, moved, grew=True)

    def _receive(self, remote_path: str, part: Path, base: int, size: int, before: bytes = b"") -> int:
        """Complete a partial file that begins at `base` to `size` bytes; return the bytes transferred.

        Args:
            remote_path: the remote file.
            part: the part; what it holds already is gone on from, if it still matches the remote file.
            base: a place in the file.
            size: bytes that are wanted from there.
            before: the bytes before `base`, as they are here.
        """
        with open(part, "r+b" if part.exists() else "w+b") as file:
            have = file.seek(0, os.SEEK_END)
            if have > size:
                have = file.truncate(0)
            file.seek(max(0, have - HASHED))
            sink = _Sink(file, file.read() or before, self._budget)
            start = base + have - len(sink.prefix)
            try:
                self._remote.read(remote_path, start, size - have + len(sink.prefix), sink.write)
                sink.finish()
            except FileChanged:
                if not have:
                    raise
            else:
                return sink.moved
        part.unlink()
        return self._receive(remote_path, part, base, size, before)


class _Sink:
    """Receives pieces: verifies those that are known and writes the others."""

    def __init__(self, file: BinaryIO, prefix: bytes, budget: Budget) -> None:
        self._file = file
        self._budget = budget
        self.prefix = prefix
        self.moved = 0
        file.seek(0, os.SEEK_END)

    def write(self, piece: bytes) -> None:
        self.moved += len(piece)
        if self.prefix:
            common = min(len(piece), len(self.prefix))
            if piece[:common] != self.prefix[:common]:
                raise FileChanged(errno.EAGAIN, "it was rewritten on the remote host")
            self.prefix, piece = self.prefix[common:], piece[common:]
        self._budget.spend(len(piece))
        self._file.write(piece)

    def finish(self) -> None:
        if self.prefix:
            raise FileChanged(errno.EAGAIN, "it was truncated on the remote host")


def prepare_target(root: Path, path: str) -> Path:
    """Return the local path of a file, after creating its parent folders.

    Raises:
        OutsideStore: one of them, or the file, is a link.
    """
    parts = path.split("/")
    check_inside(root, root / path)
    folder = root
    for part in parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise OutsideStore(folder, "a parent folder is a link")
        folder.mkdir(exist_ok=True)
    target = folder / parts[-1]
    if target.is_symlink():
        raise OutsideStore(target, "it is a link")
    return target


def append(target: Path, part: Path, size: int) -> None:
    """Append a part to a file of `size` bytes, completely or not at all.

    Raises:
        FileChanged: the file has another size by now.
        OSError: the disk is full; the file is unchanged.
    """
    fd = os.open(target, os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    try:
        if os.fstat(fd).st_size != size:
            raise FileChanged(errno.EAGAIN, "it was written to locally", str(target))
        try:
            _copy(part, fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def _copy(part: Path, fd: int) -> None:
    with regular_file.open_binary(part) as source:
        while piece := source.read(COPY):
            if os.write(fd, piece) != len(piece):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _grows(path: str) -> bool:
    return layout.grows(layout.split_run_path(path)[1].removeprefix("/"))


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _has_ends(part: Path, info: FileInfo) -> bool:
    with regular_file.open_binary(part) as file:
        head = file.read(HASHED)
        file.seek(max(0, info.size - HASHED))
        tail = file.read(HASHED)
    return info.head in (None, md5(head)) and info.tail in (None, md5(tail))


def _matches_ends(part: Path, head: bytes, before: bytes, info: FileInfo) -> bool:
    """Return whether the local head and tail followed by the part match the hashes of `info`."""
    with regular_file.open_binary(part) as file:
        added = file.read(HASHED)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - HASHED))
        tail = (before + file.read())[-HASHED:]
    return info.head in (None, md5((head + added)[:HASHED])) and info.tail in (None, md5(tail))


def _set_time(path: Path, mtime: float) -> None:
    moment = int(mtime * 1_000_000_000)
    os.utime(path, ns=(moment, moment))
