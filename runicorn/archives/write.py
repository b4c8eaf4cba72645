"""Write runs and artifacts into an archive, in constant memory; paths are relative to the storage root.

A content of an artifact is in it once, as it is in the pool. Nothing is compressed unless that is asked for: the disk
is to be the limit, and pictures and models hardly shrink. A file that grows meanwhile is taken as long as it was.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from runicorn import _platform
from runicorn._version import __version__
from runicorn.archives.paths import ABOUT
from runicorn.archives.reader import NTFS, NTFS_EPOCH
from runicorn.artifacts import store
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.store import Store, Version
from runicorn.store import layout
from runicorn.store.progress import NO_PROGRESS, Progress

FORMAT = "runicorn.archive/1"
BLOCK = 1024 * 1024
EARLIEST, LATEST = 315532800, 4354819198
"""The times that a zip file can tell: 1980 to 2107."""
SECOND = 1_000_000_000
QUICK = 1
"""The level of compression; higher ones take several times as long for a tenth."""


class Entry(NamedTuple):
    """A file on its way into an archive.

    Attributes:
        name: its path in the archive.
        path: where it lies.
    """

    name: str
    path: Path


class Taken(NamedTuple):
    """What got into an archive."""

    files: int
    bytes: int


def run_entries(root: Path, runs: Iterable[str]) -> Iterator[Entry]:
    """The files of runs; not locks, rests of writing, and links.

    Args:
        root: the storage root.
        runs: their folders, relative to it with forward slashes.
    """
    for relative in runs:
        yield from _files(root / relative, relative)


def _files(folder: Path, name: str) -> Iterator[Entry]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".lock") or (entry.name.startswith(".") and entry.name != layout.DELETED):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), f"{name}/{entry.name}")
            elif entry.is_file(follow_symlinks=False):
                yield Entry(f"{name}/{entry.name}", Path(entry.path))


def versions_of(root: Path, runs: Iterable[str]) -> list[Version]:
    """The versions of artifacts that runs made or used, each once; those that are gone are left out."""
    shelves, found = Store(root), {}
    for relative in runs:
        for file in (layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED):
            listed = layout.read_json(root / relative / file)[0].get("artifacts")
            for about in listed if isinstance(listed, list) else ():
                with suppress(ArtifactError, AttributeError, TypeError):
                    folder = shelves.folder(about.get("type"), about.get("name"))
                    version = folder.existing(about.get("version"))
                    found[version.path] = version
    return list(found.values())


def all_versions(root: Path) -> list[Version]:
    """Every version of every artifact of a store."""
    return [folder.version(number) for folder in Store(root).folders() for number in folder.all_numbers()]


def version_entries(root: Path, versions: Iterable[Version]) -> Iterator[Entry]:
    """The files of versions of artifacts: their small files, the indexes of the artifacts, and each content once.

    Raises:
        DamagedFile: a manifest cannot be read, or a content is nowhere.
    """
    from runicorn.artifacts import verify

    seen: set[str] = set()
    for version in versions:
        artifact = f"{store.ARTIFACTS}/{version.artifact.type}/{version.path.parent.name}"
        small = (store.METADATA, store.MANIFEST, store.CURATION, layout.DELETED)
        wanted = [(f"{artifact}/v{version.number}/{name}", version.path / name) for name in small]
        wanted.append((f"{artifact}/{store.INDEX}", version.path.parent / store.INDEX))
        for name, path in wanted:
            if name not in seen and path.is_file():
                seen.add(name)
                yield Entry(name, path)
        try:
            files = version.manifest.files
        except DamagedFile:  # what is there goes along as it is
            yield from _files(version.path / store.FILES, f"{artifact}/v{version.number}/{store.FILES}")
            continue
        for file in files:
            digest = file.digest.partition(":")[2]
            if digest not in seen:
                seen.add(digest)
                name = f"{store.ARTIFACTS}/.dedup/{digest[:2]}/{digest}"
                yield Entry(name, verify.unchanged_place(version, file))


def about(runs: Iterable[str], versions: Iterable[Version]) -> bytes:
    """Return the first member of an archive, which describes it."""
    value = {
        "format": FORMAT,
        "version": __version__,
        "created_at": time.time(),
        "runs": list(runs),
        "artifacts": [f"{version.artifact.type}/{version}" for version in versions],
    }
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace")


class Outlet(io.RawIOBase):
    """Takes what `zipfile` writes and hands it on; cannot go back, which `zipfile` respects."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_pieces(
    first: bytes, entries: Iterable[Entry], *, compress: bool = False, progress: Progress | None = None
) -> Generator[bytes, None, Taken]:
    """The bytes of a zip file as they are made; in the end what got into it.

    Args:
        first: what `about` says.
        entries: the files.
        compress: make it smaller, which takes longer.
        progress: hears of the bytes read.

    Raises:
        OSError: a file cannot be read.
    """
    files, total, outlet = 0, 0, Outlet()
    level = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(outlet, "w", level, compresslevel=QUICK) as archive:
        archive.writestr(ABOUT, first)
        for name, modified, size, blocks in _opened(entries, progress or NO_PROGRESS):
            info = _zip_info(name, modified, level)
            info.file_size = size
            with archive.open(info, "w") as content:
                for block in blocks:
                    content.write(block)
                    total += len(block)
                    yield outlet.taken()
            files += 1
    yield outlet.taken()
    return Taken(files, total)


def write_zip(
    target: IO[bytes],
    first: bytes,
    entries: Iterable[Entry],
    *,
    compress: bool = False,
    progress: Progress | None = None,
) -> Taken:
    """Write a zip file; the arguments are those of `zip_pieces`.

    Raises:
        OSError: a file cannot be read, or the archive not be written.
    """
    pieces = zip_pieces(first, entries, compress=compress, progress=progress)
    while True:
        try:
            target.write(next(pieces))
        except StopIteration as end:
            taken: Taken = end.value
            return taken


def write_tar(
    target: IO[bytes], first: bytes, entries: Iterable[Entry], *, progress: Progress | None = None
) -> Taken:
    """Write a tar.gz, as Runicorn 0.4-0.5 did.

    Raises:
        OSError: a file cannot be read, or the archive not be written.
    """
    files, total = 0, 0
    # Without a name: the file has another one until it is complete.
    packed = gzip.GzipFile("", "wb", QUICK, target)
    with packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_tar_info(ABOUT, time.time_ns(), len(first)), _Blocks(iter([first]), len(first)))
        for name, modified, size, blocks in _opened(entries, progress or NO_PROGRESS):
            archive.addfile(_tar_info(name, modified, size), _Blocks(blocks, size))
            files, total = files + 1, total + size
    return Taken(files, total)


def _opened(entries: Iterable[Entry], progress: Progress) -> Iterator[tuple[str, int, int, Iterator[bytes]]]:
    """Name, time in nanoseconds, size and content of each file that is still there."""
    for entry in entries:
        try:
            fd = _platform.open_regular(entry.path, follow_links=False)
        except FileNotFoundError:  # removed since it was listed
            continue
        try:
            state = os.fstat(fd)
            yield entry.name, state.st_mtime_ns, state.st_size, _blocks(fd, state.st_size, progress)
        finally:
            os.close(fd)


def _blocks(fd: int, size: int, progress: Progress) -> Iterator[bytes]:
    offset = 0
    while offset < size:
        block = _platform.read_at(fd, min(BLOCK, size - offset), offset)
        if not block:
            return
        offset += len(block)
        progress.advance(len(block))
        yield block


class _Blocks:
    """Blocks as a file of a fixed size; what a file has lost since it was opened becomes zero bytes."""

    def __init__(self, blocks: Iterator[bytes], size: int) -> None:
        self._blocks = blocks
        self._left = size
        self._held = b""

    def read(self, count: int = -1, /) -> bytes:
        """The next bytes, `count` of them until the end."""
        while len(self._held) < count and (block := next(self._blocks, b"")):
            self._held += block
        part, self._held = self._held[:count], self._held[count:]
        part = part.ljust(min(count, self._left), b"\0")
        self._left -= len(part)
        return part


def _zip_info(name: str, modified: int, level: int) -> zipfile.ZipInfo:
    moment = time.localtime(min(max(modified // SECOND, EARLIEST), LATEST))
    info = zipfile.ZipInfo(name, moment[:6])
    info.compress_type = level
    info.external_attr = 0o644 << 16
    exact = max(0, (modified + NTFS_EPOCH * SECOND) // 100)
    info.extra = struct.pack("<HHIHHQQQ", NTFS, 32, 0, 1, 24, exact, exact, exact)
    return info


def _tar_info(name: str, modified: int, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, modified // SECOND, 0o644
    info.pax_headers = {"mtime": f"{modified // SECOND}.{modified % SECOND:09d}"}
    return info


def to_file(path: Path, write: Callable[[IO[bytes]], Taken]) -> Taken:
    """Write a file as a whole: until it is complete, nothing is at `path`, or what was there before.

    Raises:
        OSError: it could not be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as target:
            taken = write(target)
            target.flush()
            os.fsync(target.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return taken
