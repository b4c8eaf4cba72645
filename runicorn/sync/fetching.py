"""One file brought up to date: a new version appears as a whole, and a file that only grows, grows by verified bytes.

What was fetched lies in a part beside the state until it is verified, so a transfer that breaks off goes on where it
was. Before bytes are added to a file, the 4,096 before them are fetched too and compared, and so are the hashes that
the manifest tells of its two ends: a file that was written anew over there is fetched as a whole.

Nothing is synced to the disk: sizes and times are compared at every visit, and what a power cut took is fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runicorn import _platform
from runicorn.manifest.disk import md5
from runicorn.manifest.model import HASHED
from runicorn.settings import free_space
from runicorn.store import layout
from runicorn.store.containment import OutsideStore, check_inside
from runicorn.sync.budget import Budget
from runicorn.sync.checking import Mark
from runicorn.sync.transport import Remote, joined

ATTEMPTS = 2
COPY = 1024 * 1024


class Changed(OSError):
    """The file is not what was told of it, or changed while it was read."""


@dataclass(slots=True)
class Fetched:
    """What became of a file.

    Attributes:
        size: its bytes now.
        mtime: its time over there.
        moved: bytes that came.
        grew: whether it was only added to.
    """

    size: int
    mtime: float
    moved: int
    grew: bool


class Fetcher:
    """Brings files of one root here.

    Args:
        remote: the files of the other machine.
        remote_root: the root there.
        root: the folder here.
        parts: a folder of its own for what is not complete; on the same file system.
    """

    def __init__(self, remote: Remote, remote_root: str, root: Path, parts: Path) -> None:
        self._remote = remote
        self._remote_root = remote_root
        self._root = root
        self._parts = parts
        self._budget = Budget(parts)

    def fetch(self, path: str, mark: Mark) -> Fetched:
        """Make a file what it is over there.

        Args:
            path: relative to both roots; checked by the caller.
            mark: how it is over there.

        Raises:
            FileNotFoundError: it is gone over there.
            ConnectionError: the connection is lost; what came of the file is kept.
            OSError: it could not be read or written, or changed all the time; the file here is as it was.
        """
        target = target_of(self._root, path)
        far = joined(self._remote_root, path)
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(path, far, target, mark)
            except Changed:
                if attempt + 1 == ATTEMPTS:
                    raise
                about = self._remote.stat(far)
                mark = Mark(about.size, about.mtime)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, path: str, far: str, target: Path, mark: Mark) -> Fetched:
        if target.name in layout.GROWING:
            here = _size(target)
            if 0 < here < mark.size:
                grown = self._grow(path, far, target, mark, here)
                if grown is not None:
                    return grown
            return self._whole(far, target, mark, self._part(f"{path}|0"))
        return self._whole(far, target, mark, self._part(f"{path}|{mark.size}|{mark.mtime}"))

    def _part(self, key: str) -> Path:
        return self._parts / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def _room(self, size: int) -> None:
        free_space.require(self._parts, size)

    def _whole(self, far: str, target: Path, mark: Mark, part: Path) -> Fetched:
        grows = target.name in layout.GROWING
        self._room(mark.size)
        # One byte more than there should be: a file that has become longer is another one.
        moved = self._receive(far, part, 0, mark.size if grows else mark.size + 1)
        size = part.stat().st_size
        if size != mark.size or (grows and not _has_ends(part, mark)):
            part.unlink()
            raise Changed(errno.EAGAIN, "it changed over there while it was read", far)
        _set_time(part, mark.mtime)
        os.replace(part, target)
        return Fetched(size, mark.mtime, moved, grew=False)

    def _grow(self, path: str, far: str, target: Path, mark: Mark, here: int) -> Fetched | None:
        """Add what came after `here`; None when the file here is not the beginning of the one over there."""
        with open(_platform.open_regular(target, follow_links=False), "rb") as file:
            head = file.read(HASHED)
            file.seek(max(0, here - HASHED))
            before = file.read(HASHED)
        if here >= HASHED and mark.head not in (None, md5(head)):
            return None
        part = self._part(f"{path}|{here}")
        self._room(2 * (mark.size - here))
        try:
            moved = self._receive(far, part, here, mark.size - here, before)
        except Changed:
            return None
        if part.stat().st_size != mark.size - here or not _fits(part, head, before, mark):
            part.unlink()
            return None
        append(target, part, here)
        _set_time(target, mark.mtime)
        part.unlink()
        return Fetched(mark.size, mark.mtime, moved, grew=True)

    def _receive(self, far: str, part: Path, base: int, size: int, before: bytes = b"") -> int:
        """Complete a part, whose first byte is that at `base`, to `size` bytes; how many came.

        Args:
            far: the file over there.
            part: the part; what it holds already is gone on from, when it still is what is over there.
            base: a place in the file.
            size: bytes that are wanted from there.
            before: the bytes before `base`, as they are here.

        Raises:
            Changed: what is before is not what is over there.
        """
        with open(part, "r+b" if part.exists() else "w+b") as file:
            have = file.seek(0, os.SEEK_END)
            if have > size:
                have = file.truncate(0)
            file.seek(max(0, have - HASHED))
            sink = _Sink(file, file.read() or before, self._budget)
            start = base + have - len(sink.known)
            try:
                self._remote.read(far, start, size - have + len(sink.known), sink.take)
                sink.finish()
            except Changed:
                if not have:
                    raise
            else:
                return sink.moved
        part.unlink()
        return self._receive(far, part, base, size, before)


class _Sink:
    """Takes pieces: the first bytes must be those that are known, the others are written."""

    def __init__(self, file: BinaryIO, known: bytes, budget: Budget) -> None:
        self._file = file
        self._budget = budget
        self.known = known
        self.moved = 0
        file.seek(0, os.SEEK_END)

    def take(self, piece: bytes) -> None:
        self.moved += len(piece)
        if self.known:
            common = min(len(piece), len(self.known))
            if piece[:common] != self.known[:common]:
                raise Changed(errno.EAGAIN, "it was written anew over there")
            self.known, piece = self.known[common:], piece[common:]
        self._budget.spend(len(piece))
        self._file.write(piece)

    def finish(self) -> None:
        if self.known:
            raise Changed(errno.EAGAIN, "it has become shorter over there")


def target_of(root: Path, path: str) -> Path:
    """Where a file belongs, with the folders on the way made.

    Raises:
        OutsideStore: one of them, or the file, is a link.
        OSError: they cannot be made.
    """
    parts = path.split("/")
    check_inside(root, root / path)
    folder = root
    for part in parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise OutsideStore(folder, "a folder on the way is a link")
        folder.mkdir(exist_ok=True)
    target = folder / parts[-1]
    if target.is_symlink():
        raise OutsideStore(target, "it is a link")
    return target


def append(target: Path, part: Path, size: int) -> None:
    """Add a part to a file that has `size` bytes, or nothing of it.

    Raises:
        Changed: the file has another size now.
        OSError: there is no room; the file is as it was.
    """
    fd = os.open(target, os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    try:
        if os.fstat(fd).st_size != size:
            raise Changed(errno.EAGAIN, "it was written to here", str(target))
        try:
            _copy(part, fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def _copy(part: Path, fd: int) -> None:
    with part.open("rb") as source:
        while piece := source.read(COPY):
            if os.write(fd, piece) != len(piece):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _has_ends(part: Path, mark: Mark) -> bool:
    with part.open("rb") as file:
        head = file.read(HASHED)
        file.seek(max(0, mark.size - HASHED))
        tail = file.read(HASHED)
    return mark.head in (None, md5(head)) and mark.tail in (None, md5(tail))


def _fits(part: Path, head: bytes, before: bytes, mark: Mark) -> bool:
    """Whether a file with that head and those last bytes, and then the part, has the ends that were told."""
    with part.open("rb") as file:
        added = file.read(HASHED)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - HASHED))
        tail = (before + file.read())[-HASHED:]
    return mark.head in (None, md5((head + added)[:HASHED])) and mark.tail in (None, md5(tail))


def _set_time(path: Path, mtime: float) -> None:
    moment = int(mtime * 1_000_000_000)
    os.utime(path, ns=(moment, moment))
