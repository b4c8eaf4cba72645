"""Content-addressed pool: each content once, in `<root>/artifacts/.dedup/<aa>/<sha256>`.

A file is added by copying it beside the pool and hashing the copy, so that the stored bytes are the hashed ones; the
copy is synced before it gets its name. A large file whose size and samples are known to the pool is hashed first, as long
as it begins like a content of the pool, and copied only if its content is new: what has changed is read once up to the next
64th of it. Files of versions are hard links to blobs, which an administrator can write through: a blob that has lost its
stamp (`runicorn.artifacts.stamps`) is read again before it is used, and replaced if it has changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from runicorn import _platform
from runicorn.artifacts import stamps
from runicorn.artifacts.copying import BLOCK, ContentHash, copy_and_hash, hash_file
from runicorn.artifacts.errors import SourceChanged, StoreBusy
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.store import bulk_io
from runicorn.store.containment import check_inside, is_inside
from runicorn.store.progress import NO_PROGRESS, Progress

SMALL = 1024 * 1024
"""Size up to which a file is read at once."""
BATCH_FILES = 2000
BATCH_BYTES = 1024 * 1024 * 1024
FEW = 16
"""Number of files up to which each is synced; for more, syncing the file system is cheaper."""
READ_ONLY = 0o444
SAMPLES, SAMPLE_BYTES = 16, 16 * 1024
MARK_CHARACTERS = 1024 * 1024
"""Longest list of contents of one size that is read: 1,600 large ones, or 16,000 of less than 16 MB."""


class Blob(NamedTuple):
    """A content of the pool.

    Attributes:
        digest: `sha256:` and 64 hexadecimal digits.
        size: size in bytes.
        modified_at: modification time of the source in Unix seconds.
    """

    digest: str
    size: int
    modified_at: float


def seal(path: Path, digest: str) -> None:
    """Make a file whose digest is known read-only, and stamp it."""
    os.chmod(path, READ_ONLY)
    stamps.stamp(path, digest)


def samples_of(fd: int, size: int) -> str:
    """Return a digest of some evenly spaced parts of an open file: it differs for nearly all files that differ."""
    hashed = hashlib.blake2b(digest_size=32)
    for number in range(SAMPLES):
        offset = number * max(0, size - SAMPLE_BYTES) // (SAMPLES - 1)
        hashed.update(_platform.read_at(fd, SAMPLE_BYTES, offset))
    return hashed.hexdigest()


class Pool:
    """The contents of a store.

    Attributes:
        path: the folder, which need not exist.
        root: the storage root; nothing is written outside of it.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.root = root

    def blob(self, digest: str) -> Path:
        """Return the path of a content, which need not exist."""
        name = digest.removeprefix(ALGORITHM)
        return self.path / name[:2] / name

    def holds(self, digest: str, size: int) -> bool:
        """Return whether the content exists; a torn or changed blob does not count."""
        blob = self.blob(digest)
        try:
            about = blob.lstat()
            if about.st_size != size or stamps.is_stamped(about, digest):
                return about.st_size == size
            fd = _platform.open_regular(blob, follow_links=False)
            try:
                unchanged = ALGORITHM + hash_file(fd) == ALGORITHM + digest.removeprefix(ALGORITHM)
            finally:
                os.close(fd)
        except OSError:
            return False
        if unchanged and is_inside(self.root, blob):
            stamps.stamp(blob, digest, about)
        return unchanged

    def blobs(self) -> Iterator[os.DirEntry[str]]:
        for folder in _entries(self.path):
            if len(folder.name) == 2 and folder.is_dir(follow_symlinks=False):
                for entry in _entries(Path(folder.path)):
                    if len(entry.name) == 64 and entry.is_file(follow_symlinks=False):
                        yield entry

    def in_use(self) -> AbstractContextManager[None]:
        """Lock the pool while storing files: added contents are not collected before a version uses them."""
        check_inside(self.root, self.path).mkdir(parents=True, exist_ok=True)
        return _platform.file_lock(self.path / ".lock", shared=True, mode=0o666)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the pool exclusively while removing contents."""
        check_inside(self.root, self.path).mkdir(parents=True, exist_ok=True)
        try:
            with _platform.file_lock(self.path / ".lock", blocking=False, mode=0o666):
                yield
        except BlockingIOError as error:
            raise StoreBusy("Files are being stored; try again later.") from error

    def adopt(self, path: Path, digest: str, size: int) -> None:
        """Add a file by renaming it. Its digest is verified, and the caller holds the pool in use.

        Raises:
            OSError: it could not be renamed; it is unchanged.
        """
        blob = self.blob(digest)
        check_inside(self.root, blob.parent).mkdir(exist_ok=True)
        seal(path, digest)
        bulk_io.sync_file(path)
        os.replace(path, blob)
        _platform.fsync_directory(blob.parent)
        if size > SMALL:
            self.remember(blob, size)

    def remember(self, content: Path, size: int, beginnings: Sequence[str] = ()) -> None:
        """Record that the pool has a large content of that size, its samples, and the digests of its beginnings."""
        fd = _platform.open_regular(content, follow_links=False)
        try:
            samples = samples_of(fd, size)
        finally:
            os.close(fd)
        mark = check_inside(self.root, self.sizes / str(size))
        self.sizes.mkdir(exist_ok=True)
        line = " ".join([samples, *beginnings])
        with mark.open("a+", encoding="ascii") as lines:
            lines.seek(0)
            if f"{line}\n" not in lines:
                lines.write(f"{line}\n")

    def similar(self, fd: int, size: int) -> list[list[str]]:
        """Return the beginnings of the contents of a size that may be that of an open large file.

        They may be missing: of uploads, and of contents that earlier versions stored.
        """
        try:
            with (self.sizes / str(size)).open(encoding="ascii", errors="replace") as lines:
                contents = lines.read(MARK_CHARACTERS)
        except OSError:
            return []
        if not contents:
            return [[]]  # earlier versions recorded no samples
        samples = samples_of(fd, size)
        return [line.split()[1:] for line in contents.splitlines() if line.startswith(samples)]

    @property
    def incoming(self) -> Path:
        """Return the folder of copies without a name; outside of a save, all of them are leftovers."""
        return self.path / ".incoming"

    @property
    def sizes(self) -> Path:
        """Return the folder with a file for each size of a large content: a line for each content."""
        return self.path / ".sizes"


class Intake:
    """Add files to a pool; they are durable once `settle` has returned.

    A context manager, used inside `Pool.in_use`; unnamed copies are removed at its end.
    """

    def __init__(self, pool: Pool, progress: Progress = NO_PROGRESS) -> None:
        self._pool = pool
        self._progress = progress
        self._waiting: dict[str, tuple[Path, int, Sequence[str]]] = {}
        self._nameless: set[Path] = set()
        self._bytes = 0
        self._hasher = ThreadPoolExecutor(1, thread_name_prefix="runicorn-hash")

    def __enter__(self) -> Intake:
        check_inside(self._pool.root, self._pool.incoming).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._hasher.shutdown()
        for copy in self._nameless:
            with suppress(OSError):
                copy.unlink()

    def add(self, source: Path) -> Blob:
        """Return the content of a file, following links; copy it if the pool does not have it.

        Raises:
            SourceChanged: it was written to meanwhile.
            OSError: it cannot be read, or the disk is full.
        """
        fd = _platform.open_regular(source, follow_links=True)
        try:
            before = os.fstat(fd)
            digest = (
                self._small(fd, before.st_size)
                if before.st_size <= SMALL
                else self._large(fd, before.st_size)
            )
            _hold_still(source, before, os.fstat(fd))
        finally:
            os.close(fd)
        self._settle_many()
        return Blob(digest, before.st_size, before.st_mtime)

    def keep(self, content: bytes, digest: str) -> None:
        """Add a content in memory, whose digest is known."""
        self._put(digest, content)
        self._settle_many()

    def _settle_many(self) -> None:
        if self._bytes >= BATCH_BYTES or len(self._waiting) >= BATCH_FILES:
            self.settle()

    def settle(self) -> None:
        """Sync all copies, and give them their names."""
        copies = [copy for copy, *_ in self._waiting.values()]
        if len(copies) <= FEW or not bulk_io.sync_filesystem(self._pool.path):
            for copy in copies:
                bulk_io.sync_file(copy)
        folders = set()
        for digest, (copy, size, beginnings) in list(self._waiting.items()):
            blob = self._pool.blob(digest)
            if blob.parent not in folders:
                check_inside(self._pool.root, blob.parent).mkdir(exist_ok=True)
                folders.add(blob.parent)
            os.replace(copy, blob)
            self._nameless.discard(copy)
            if size > SMALL:
                self._pool.remember(blob, size, beginnings)
            del self._waiting[digest]
        self._bytes = 0
        for folder in folders if len(folders) <= FEW else ():
            _platform.fsync_directory(folder)
        if len(folders) > FEW:
            bulk_io.sync_filesystem(self._pool.path)

    def _small(self, fd: int, size: int) -> str:
        content = b"".join(iter(lambda: os.read(fd, SMALL), b""))
        digest = ALGORITHM + hashlib.sha256(content).hexdigest()
        if len(content) == size:
            self._put(digest, content)
        self._progress.advance(size)
        return digest

    def _put(self, digest: str, content: bytes) -> None:
        if self._has(digest, len(content)):
            return
        copy, target = self._new_copy()
        try:
            _write_all(target, content)
        finally:
            os.close(target)
        self._wait(digest, copy, len(content))

    def _large(self, fd: int, size: int) -> str:
        similar = self._pool.similar(fd, size)
        if similar:
            digest, count = self._hash_until_unlike(fd, size, similar)
            if self._has(digest, size):
                return digest
            self._progress.extend(count)
        copy, target = self._new_copy()
        content = ContentHash(size)
        try:
            digest = copy_and_hash(fd, target, size, self._hasher, self._progress, content)
        finally:
            os.close(target)
        if self._has(digest, size) or copy.stat().st_size != size:
            self._pool.remember(copy, size, content.beginnings)
            copy.unlink()
        else:
            self._wait(digest, copy, size, content.beginnings)
        return digest

    def _hash_until_unlike(self, fd: int, size: int, similar: list[list[str]]) -> tuple[str, int]:
        """Return the digest of a large file, or of the first beginning that no content has, and its bytes."""
        content, offset = ContentHash(size), 0
        while block := _platform.read_at(fd, BLOCK, offset):
            offset += len(block)
            self._progress.advance(len(block))
            if content.update(block):
                n = len(content.beginnings)
                similar = [other for other in similar if not other or other[:n] == content.beginnings]
                if not similar:
                    break
        return ALGORITHM + content.hexdigest(), offset

    def _has(self, digest: str, size: int) -> bool:
        return digest in self._waiting or self._pool.holds(digest, size)

    def _new_copy(self) -> tuple[Path, int]:
        copy = self._pool.incoming / f"{os.getpid()}-{os.urandom(8).hex()}"
        self._nameless.add(copy)
        return copy, os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)

    def _wait(self, digest: str, copy: Path, size: int, beginnings: Sequence[str] = ()) -> None:
        self._waiting[digest] = (copy, size, beginnings)
        seal(copy, digest)
        self._bytes += size


def _hold_still(source: Path, before: os.stat_result, after: os.stat_result) -> None:
    current = os.stat(source)
    marks = [(about.st_size, about.st_mtime_ns, about.st_ino) for about in (before, after, current)]
    if len(set(marks)) != 1:
        raise SourceChanged(f"{source} was changed while it was being stored; nothing was stored.")


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def _entries(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
