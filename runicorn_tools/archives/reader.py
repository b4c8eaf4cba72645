"""Read zip, tar and tar.gz archives from any program, member by member.

Yields only regular files, with names that stay below a folder on every system. Links, devices, sparse files, encrypted
members, names that differ only in case, and any damage cause the whole archive to be rejected.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any, NamedTuple, cast

from runicorn.artifacts import names
from runicorn.message import gettext_noop
from runicorn.store import layout
from runicorn_tools.archives.limits import ArchiveRefused, ArchiveTooLarge, Limits, Meter

BLOCK = 1024 * 1024
LONGEST_HEADER = 256 * 1024
"""Size limit of all headers of a tar member in bytes; names and times need a hundredth of it."""
LONGEST_WAY = 4 * 1024 * 1024
"""Bytes of a tar file that are read without finding a header."""
ZIP, GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
SECOND = 1_000_000_000
NTFS, NTFS_EPOCH = 0x000A, 11_644_473_600
"""Extra field of zip files (APPNOTE.TXT, 4.5.5) with times in 100 ns since 1601, and that epoch in Unix seconds."""
DIRECTORY_ENTRY = 46 + 2048
"""Bytes per member in the directory of a zip file: names have at most 1024 bytes, other fields a few times that."""
ZIP64_END = 56 + 20
"""Size of a large zip file's end record and its locator (APPNOTE.TXT, 4.3.14 and 4.3.15)."""
TOO_LONG = gettext_noop("The archive has a header that is too long.")
NO_ARCHIVE = gettext_noop("The archive is damaged, or not a zip, tar or tar.gz file: {reason}.")
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    RuntimeError,
    ValueError,
)


class Member(NamedTuple):
    """A regular file of an archive.

    Attributes:
        path: relative, with forward slashes.
        modified: Unix nanoseconds; None if not recorded.
        blocks: its content, to be read before the next member.
    """

    path: str
    modified: int | None
    blocks: Iterator[bytes]


def members(file: IO[bytes], limits: Limits) -> Iterator[Member]:
    """Yield the regular files of an archive in its order; folders are checked and skipped.

    Raises:
        ArchiveTooLarge: it exceeds a limit.
        ArchiveRefused: it is not an archive, is damaged, or contains unsupported members.
    """
    packed = file.seek(0, os.SEEK_END)
    file.seek(0)
    beginning = file.read(4)
    file.seek(0)
    meter, known_names = Meter(limits, packed), _Seen()
    with _refusals():
        if beginning in ZIP:
            yield from _zip(file, limits, meter, known_names)
        elif beginning[:2] == GZIP:
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield from _tar(cast(IO[bytes], unpacked), meter, known_names)
        else:
            yield from _tar(file, meter, known_names)


@contextmanager
def _refusals(path: str = "") -> Iterator[None]:
    """Translate the libraries' errors about a damaged archive, or its member `path`, into one message."""
    try:
        yield
    except ArchiveRefused:
        raise
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        if path:
            raise ArchiveRefused(
                "The archive's member {path} is damaged: {reason}.", path=repr(path[:200]), reason=reason
            ) from error
        raise ArchiveRefused(NO_ARCHIVE, reason=reason) from error


class _Seen:
    """The names so far: no two may be the same on any system."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[str, bool]] = {}

    def add(self, name: str, is_folder: bool) -> str:
        """Return the checked path of a member; "" for the folder that contains everything."""
        bare = name[:-1] if is_folder and name.endswith("/") else name
        while bare.startswith("./"):
            bare = bare[2:]
        if is_folder and bare in ("", "."):
            return ""
        problem = names.path_problem(bare) if bare else "is empty"
        if problem is None and any(map(layout.names_another_file, bare.split("/"))):
            problem = "means something else on this system"
        if problem:
            raise ArchiveRefused(
                "The archive's member {name} was rejected: its name {problem}.",
                name=repr(name[:200]),
                problem=problem,
            )
        above = ""
        for part in bare.split("/")[:-1]:
            above += part
            self._note(above, True, name)
            above += "/"
        self._note(bare, is_folder, name)
        return bare

    def _note(self, path: str, is_folder: bool, name: str) -> None:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        before = self._kinds.get(key)
        if before is None:
            self._kinds[key] = (path, is_folder)
            return
        other, was_folder = before
        if other != path:
            raise ArchiveRefused(
                "The archive's member {path} was rejected: it differs from {other} only in case.",
                path=repr(name[:200]),
                other=repr(other[:200]),
            )
        if was_folder != is_folder:
            raise ArchiveRefused(
                "The archive's member {name} was rejected: it is both a file and a folder.",
                name=repr(name[:200]),
            )
        if not is_folder:
            raise ArchiveRefused(
                "The archive's member {name} was rejected: it occurs twice.", name=repr(name[:200])
            )


# zip


def _zip(file: IO[bytes], limits: Limits, meter: Meter, known_names: _Seen) -> Iterator[Member]:
    _hold_directory(file, limits)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        files = [(path, info) for info in infos if (path := _zip_name(info, meter, known_names)) is not None]
        # The declared sizes are enough to reject; the unpacked bytes are counted all the same.
        meter.allow(sum(info.file_size for info in infos))
        for path, info in files:
            with archive.open(info) as content:
                yield Member(path, _zip_time(info), _blocks(content, meter, path))


def _hold_directory(file: IO[bytes], limits: Limits) -> None:
    """Check the size of a zip file's directory, which is read completely."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 65557 - ZIP64_END)
    file.seek(start)
    end = file.read()
    place = end.rfind(b"PK\x05\x06")
    if place < 0 or len(end) < place + 22:
        raise zipfile.BadZipFile("it has no directory")
    length, behind = struct.unpack("<I", end[place + 12 : place + 16])[0], size - len(end) + place
    # zipfile uses the record of large files whenever it is there, and reads it right before its locator.
    if end[max(0, place - 20) : place].startswith(b"PK\x06\x07"):
        record = end[max(0, place - ZIP64_END) : place - 20]
        if not record.startswith(b"PK\x06\x06"):
            raise zipfile.BadZipFile("its directory is not at the recorded offset")
        length, behind = struct.unpack("<Q", record[40:48])[0], behind - ZIP64_END
    if length > behind:
        raise zipfile.BadZipFile("its directory is longer than the file")
    if length > limits.members * DIRECTORY_ENTRY or _entries(file, behind - length, behind) > limits.members:
        raise ArchiveTooLarge("The archive has more than {members} members.", members=f"{limits.members:,}")
    file.seek(0)


def _entries(file: IO[bytes], place: int, end: int) -> int:
    """Count the directory entries between two offsets, since the declared number may be forged."""
    count = 0
    while place < end:
        file.seek(place)
        header = file.read(46)
        if len(header) < 46:
            raise zipfile.BadZipFile("its directory is truncated")
        place += 46 + sum(struct.unpack("<HHH", header[28:34]))
        count += 1
    return count


def _zip_name(info: zipfile.ZipInfo, meter: Meter, known_names: _Seen) -> str | None:
    """Return the path of a regular file; None for a folder."""
    meter.member()
    # The name as recorded: zipfile cuts it at its first zero byte.
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    is_folder = name.endswith("/")
    path = known_names.add(name, is_folder)
    if kind not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
        raise ArchiveRefused(
            "The archive's member {path} was rejected: it is a link or a device.", path=repr(path[:200])
        )
    if info.flag_bits & 1:
        raise ArchiveRefused(
            "The archive's member {path} was rejected: it is encrypted.", path=repr(path[:200])
        )
    if info.compress_type not in METHODS:
        raise ArchiveRefused(
            "The archive's member {path} was rejected: its compression method is not supported.",
            path=repr(path[:200]),
        )
    return None if is_folder else path


def _zip_time(info: zipfile.ZipInfo) -> int | None:
    """Return the modification time: exact if recorded, else from the local time of the packing machine."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == NTFS and length >= 16 and extra[8:10] == b"\x01\x00":
            return int(struct.unpack("<Q", extra[12:20])[0]) * 100 - NTFS_EPOCH * SECOND
        extra = extra[4 + length :]
    try:
        return int(time.mktime((*info.date_time, 0, 0, -1))) * SECOND
    except (ValueError, OverflowError):
        return None


# tar


class _Metered(io.RawIOBase):
    """Stream over a tar file that limits each read and the total size.

    tarfile keeps all headers of a member until the last is read, and global headers for good.
    """

    def __init__(self, inner: IO[bytes], meter: Meter) -> None:
        super().__init__()
        self._inner = inner
        self._meter = meter
        self._counted = 0
        # tarfile reads the first header in its constructor.
        self._left = LONGEST_HEADER
        self.last = b""

    @contextmanager
    def header(self) -> Iterator[None]:
        """The next block read is a header."""
        self._left = LONGEST_HEADER
        yield
        self._left = BLOCK

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0 or size > self._left:
            raise ArchiveRefused(TOO_LONG)
        content = self._inner.read(size)
        if self._left < BLOCK:
            self._left -= len(content)
        self._count(self._inner.tell())
        self.last = content
        return content

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        if place - self._inner.tell() > LONGEST_WAY:
            raise ArchiveRefused(TOO_LONG)
        self._count(place)
        return self._inner.seek(place, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def _count(self, place: int) -> None:
        if place > self._counted:
            self._meter.count(place - self._counted)
            self._counted = place


def _tar(stream: IO[bytes], meter: Meter, known_names: _Seen) -> Iterator[Member]:
    metered = _Metered(stream, meter)
    with tarfile.TarFile("", "r", cast(IO[bytes], metered)) as opened:
        archive: Any = opened
        while (info := _next(archive, metered)) is not None:
            meter.member()
            # Otherwise tarfile keeps every member that it has read.
            archive.members.clear()
            path = known_names.add(info.name, info.isdir())
            if info.isdir():
                continue
            if not info.isreg() or info.issparse():
                raise ArchiveRefused(
                    "The archive's member {path} was rejected: it is a link or a device.",
                    path=repr(path[:200]),
                )
            meter.allow(info.size)
            content = archive.extractfile(info)
            yield Member(path, _tar_time(info), _exactly(content, info.size, path))
    # tarfile takes anything that is not a header for the end, even in a truncated file.
    if metered.last.strip(b"\0") or len(metered.last) < tarfile.BLOCKSIZE:
        raise ArchiveRefused("The archive is damaged: it is truncated.")


def _next(archive: Any, metered: _Metered) -> Any:
    """Return the next member, or None after the last."""
    with metered.header():
        info = archive.next()
    if sum(len(key) + len(str(value)) for key, value in archive.pax_headers.items()) > LONGEST_HEADER:
        raise ArchiveRefused(TOO_LONG)
    return info


def _tar_time(info: tarfile.TarInfo) -> int | None:
    try:
        return int(Decimal(info.pax_headers.get("mtime") or info.mtime) * SECOND)
    except (ArithmeticError, ValueError):
        return None


def _exactly(content: IO[bytes], size: int, path: str) -> Iterator[bytes]:
    remaining = size
    with _refusals(path):
        while remaining:
            block = content.read(min(BLOCK, remaining))
            if not block:
                raise EOFError("it is truncated")
            remaining -= len(block)
            yield block


def _blocks(content: IO[bytes], meter: Meter, path: str) -> Iterator[bytes]:
    with _refusals(path):
        while block := content.read(BLOCK):
            meter.count(len(block))
            yield block
