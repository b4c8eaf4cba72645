"""Write runs and artifacts into an archive, in constant memory; paths are relative to the storage root.

Each content of artifacts is stored once. Compression is optional: without it the disk is the bottleneck, and images and
models hardly shrink. A file that grows meanwhile is stored with its size at the beginning.
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
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from runicorn import _platform
from runicorn._version import __version__
from runicorn.artifacts import store
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.store import Store, Version
from runicorn.store import layout
from runicorn.store.progress import NO_PROGRESS, Progress
from runicorn.store.project import analysis, boards, description, documents
from runicorn.store.project.folder import project_folder
from runicorn.store.run_files import pack_of
from runicorn_tools.archives.paths import ABOUT
from runicorn_tools.archives.reader import NTFS, NTFS_EPOCH

if TYPE_CHECKING:
    from runicorn.artifacts.manifest import FileEntry
    from runicorn.artifacts.s3.place import BucketPlace

FORMAT = "runicorn.archive/1"
BLOCK = 1024 * 1024
EARLIEST, LATEST = 315532800, 4354819198
"""Range of years in a zip file: 1980 to 2107."""
SECOND = 1_000_000_000
QUICK = 1
"""Compression level; higher levels take several times as long and save a tenth."""


class ArchiveEntry(NamedTuple):
    """A file to be packed.

    Attributes:
        name: its path in the archive.
        place: its place in a bucket, if it is not on disk.
        content: the file of a version whose content it is.
    """

    name: str
    path: Path
    place: BucketPlace | None = None
    content: tuple[Version, FileEntry] | None = None

    @property
    def size(self) -> int:
        """Return its size in bytes; 0 if it does not exist."""
        if self.place is not None:
            return self.place.file.size
        return self.path.stat().st_size if self.path.exists() else 0


class ExportTotals(NamedTuple):
    """Number and size of the packed files."""

    files: int
    bytes: int


def run_entries(root: Path, runs: Iterable[str]) -> Iterator[ArchiveEntry]:
    """Yield the files of runs, without locks, leftovers of interrupted writes, and links.

    A pack of sources that several runs have is packed once, and added to the others by the import.

    Args:
        runs: their folders, relative to the root with forward slashes.
    """
    packs: set[str] = set()
    for relative in runs:
        for entry in _files(root / relative, relative):
            digest = pack_of(entry.name[len(relative) + 1 :])
            if digest is None or digest not in packs:
                packs.update([digest] if digest else ())
                yield entry


def _files(folder: Path, name: str) -> Iterator[ArchiveEntry]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".lock") or (entry.name.startswith(".") and entry.name != layout.DELETED):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), f"{name}/{entry.name}")
            elif entry.is_file(follow_symlinks=False):
                yield ArchiveEntry(f"{name}/{entry.name}", Path(entry.path))


def project_entries(root: Path, runs: Iterable[str]) -> Iterator[ArchiveEntry]:
    projects = {relative.split("/")[0] for relative in runs} - layout.SKIPPED_TOP
    for project in sorted(projects):
        with suppress(OSError, layout.InvalidName):
            paths = [boards.path_of(root, project, name) for name in boards.names(root, project)]
            paths += [
                documents.path_of(root, project, folder_name, name)
                for folder_name in documents.FOLDERS
                for name in documents.names(root, project, folder_name)
            ]
            folder = project_folder(root, project)
            for path in (folder / description.FILE, folder / analysis.FILE, *paths):
                if path.is_file() and not path.is_symlink():
                    yield ArchiveEntry(path.relative_to(root).as_posix(), path)


def versions_of(root: Path, runs: Iterable[str]) -> list[Version]:
    """Return the versions of artifacts that runs created or used, each once; missing ones are left out."""
    shelves, versions = Store(root), {}
    for relative in runs:
        for file in (layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED):
            references = layout.read_json(root / relative / file)[0].get("artifacts")
            for about in references if isinstance(references, list) else ():
                with suppress(ArtifactError, AttributeError, TypeError):
                    folder = shelves.folder(about.get("type"), about.get("name"))
                    version = folder.existing(about.get("version"))
                    versions[version.path] = version
    return list(versions.values())


def all_versions(root: Path) -> list[Version]:
    """Yield every version of every artifact of a store."""
    return [folder.version(number) for folder in Store(root).folders() for number in folder.all_numbers()]


def version_entries(root: Path, versions: Iterable[Version]) -> Iterator[ArchiveEntry]:
    """Yield the files of versions of artifacts: small files, indexes of the artifacts, and each content once.

    Raises:
        DamagedFile: a manifest cannot be read, or a content is missing.
    """
    from runicorn.artifacts import verify

    keys: set[str] = set()
    for version in versions:
        artifact = f"{store.ARTIFACTS}/{version.artifact.type}/{version.path.parent.name}"
        small = (store.METADATA, store.MANIFEST, store.CURATION, layout.DELETED)
        members = [(f"{artifact}/v{version.number}/{name}", version.path / name) for name in small]
        members.append((f"{artifact}/{store.INDEX}", version.path.parent / store.INDEX))
        for name, path in members:
            if name not in keys and path.is_file():
                keys.add(name)
                yield ArchiveEntry(name, path)
        try:
            files = version.manifest.files
        except DamagedFile:  # what is there goes along as it is
            yield from _files(version.path / store.FILES, f"{artifact}/v{version.number}/{store.FILES}")
            continue
        for file in files:
            digest = file.digest.partition(":")[2]
            if digest not in keys:
                keys.add(digest)
                name = f"{store.ARTIFACTS}/.dedup/{digest[:2]}/{digest}"
                place = verify.unchanged_place(version, file)
                if isinstance(place, Path):
                    yield ArchiveEntry(name, place, content=(version, file))
                else:
                    yield ArchiveEntry(name, version.file_path(file.path), place)


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
    """Write-only stream for `zipfile` whose output is taken piece by piece. Not seekable, which `zipfile` supports."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def drain(self) -> bytes:
        """Return the bytes written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_pieces(
    first: bytes, entries: Iterable[ArchiveEntry], *, compress: bool = False, progress: Progress | None = None
) -> Generator[bytes, None, ExportTotals]:
    """Yield the bytes of a zip file as they are created; return what was packed.

    Args:
        first: result of `about`.
        compress: compress them, which takes longer.
        progress: receives the number of bytes read.
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
                    yield outlet.drain()
            files += 1
    yield outlet.drain()
    return ExportTotals(files, total)


def write_zip(
    target: IO[bytes],
    first: bytes,
    entries: Iterable[ArchiveEntry],
    *,
    compress: bool = False,
    progress: Progress | None = None,
) -> ExportTotals:
    """Write a zip file; see `zip_pieces` for the arguments.

    Raises:
        OSError: a file cannot be read, or the archive cannot be written.
    """
    pieces = zip_pieces(first, entries, compress=compress, progress=progress)
    while True:
        try:
            target.write(next(pieces))
        except StopIteration as end:
            packed: ExportTotals = end.value
            return packed


def write_tar(
    target: IO[bytes], first: bytes, entries: Iterable[ArchiveEntry], *, progress: Progress | None = None
) -> ExportTotals:
    """Write a tar.gz in the format of Runicorn 0.4-0.5.

    Raises:
        OSError: a file cannot be read, or the archive cannot be written.
    """
    files, total = 0, 0
    # Without the file name in the gzip header: the temporary name is meaningless.
    packed = gzip.GzipFile("", "wb", QUICK, target)
    with packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_tar_info(ABOUT, time.time_ns(), len(first)), _Blocks(iter([first]), len(first)))
        for name, modified, size, blocks in _opened(entries, progress or NO_PROGRESS):
            archive.addfile(_tar_info(name, modified, size), _Blocks(blocks, size))
            files, total = files + 1, total + size
    return ExportTotals(files, total)


def _opened(
    entries: Iterable[ArchiveEntry], progress: Progress
) -> Iterator[tuple[str, int, int, Iterator[bytes]]]:
    """Yield name, time in nanoseconds, size and content of each existing file."""
    from runicorn.artifacts import verify

    for entry in entries:
        place: Path | BucketPlace = entry.place or entry.path
        if isinstance(place, Path) and entry.content is not None and not place.exists():
            place = verify.first_place(*entry.content)  # moved to the bucket since it was listed
        if not isinstance(place, Path):
            file = place.file
            modified = round((file.modified_at or time.time()) * SECOND)
            yield entry.name, modified, file.size, _counted(verify.blocks(place, file), progress)
            continue
        try:
            fd = _platform.open_regular(place, follow_links=False)
        except FileNotFoundError:
            if entry.content is not None:
                raise
            continue  # removed since it was listed
        try:
            state = os.fstat(fd)
            yield entry.name, state.st_mtime_ns, state.st_size, _blocks(fd, state.st_size, progress)
        finally:
            os.close(fd)


def _counted(blocks: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for block in blocks:
        progress.advance(len(block))
        yield block


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
    """File object of a fixed size; bytes that a file has lost since it was opened become zeros."""

    def __init__(self, blocks: Iterator[bytes], size: int) -> None:
        self._blocks = blocks
        self._left = size
        self._held = b""

    def read(self, count: int = -1, /) -> bytes:
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


def to_file(path: Path, write: Callable[[IO[bytes]], ExportTotals]) -> ExportTotals:
    """Write a file atomically: until it is complete, `path` is unchanged."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as target:
            packed = write(target)
            target.flush()
            os.fsync(target.fileno())
        os.replace(beside, path)
    except OSError as error:
        if error.filename == str(beside):
            error.filename = str(path)
        raise
    finally:
        beside.unlink(missing_ok=True)
    return packed
