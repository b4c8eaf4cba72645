"""Reading a version's files so that what was damaged is never taken for good, and looking a whole version over."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from runicorn import _bulk, _os
from runicorn.artifacts import curating
from runicorn.artifacts.copying import BLOCK, copy_file, hash_file
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import ALGORITHM, FileEntry
from runicorn.artifacts.pool import READ_ONLY
from runicorn.artifacts.progress import SILENT, Progress
from runicorn.artifacts.store import Version

READY, CORRUPTED = "ready", "corrupted"


class Verdict(NamedTuple):
    """What looking a version over found.

    Attributes:
        damaged: paths of files that are missing or not what was stored.
        mended: paths of files that were damaged in one place and whole in another, and are whole in both now.
        checked: bytes read.
    """

    damaged: tuple[str, ...]
    mended: tuple[str, ...]
    checked: int


def places(version: Version, file: FileEntry) -> list[Path]:
    """Where the content of a file lies: in the version's folder, and in the pool when that is another copy."""
    own, pooled = version.file_path(file.path), version.artifact.store.pool.blob(file.digest)
    with suppress(OSError):
        if os.path.samefile(own, pooled):
            return [own]
    return [own, pooled]


def is_whole(path: Path, file: FileEntry, progress: Progress = SILENT) -> bool:
    """Whether what lies at `path` is what was stored."""
    try:
        fd = _os.open_regular(path, follow_links=False)
    except OSError:
        return False
    try:
        if os.fstat(fd).st_size != file.size:
            return False
        return ALGORITHM + hash_file(fd, progress) == file.digest
    except OSError:
        return False
    finally:
        os.close(fd)


def whole_place(version: Version, file: FileEntry) -> Path:
    """A place where the content is whole; reads it once.

    Raises:
        DamagedFile: there is none.
    """
    for path in places(version, file):
        if is_whole(path, file):
            return path
    raise DamagedFile(f"{file.path!r} of {version} is damaged in the store; it was not handed out.")


def first_place(version: Version, file: FileEntry) -> Path:
    """Where a content of the right size lies; whether it is whole shows when it is read.

    Raises:
        DamagedFile: nowhere.
    """
    for path in places(version, file):
        with suppress(OSError):
            if path.stat(follow_symlinks=False).st_size == file.size:
                return path
    raise DamagedFile(f"{file.path!r} of {version} is missing or torn in the store.")


def blocks(place: Path, file: FileEntry) -> Iterator[bytes]:
    """What lies in a place, in blocks; the last one is held back until the digest is known to be right.

    Raises:
        DamagedFile: it is not, or the content is missing or torn. What was handed out before is to be thrown away.
    """
    try:
        fd = _os.open_regular(place, follow_links=False)
    except OSError as error:
        raise DamagedFile(f"{file.path!r} cannot be read in the store: {error.strerror or error}.") from error
    hashed, held, offset = hashlib.sha256(), b"", 0
    try:
        while block := _os.read_at(fd, BLOCK, offset):
            hashed.update(block)
            offset += len(block)
            if held:
                yield held
            held = block
    finally:
        os.close(fd)
    if ALGORITHM + hashed.hexdigest() != file.digest:
        raise DamagedFile(f"{file.path!r} is damaged in the store; it was not handed out.")
    yield held


def verify(version: Version, progress: Progress = SILENT) -> Verdict:
    """Read every byte of a version, mend what has a whole copy, and record the outcome: `corrupted` or `ready`.

    Raises:
        DamagedFile: the manifest itself cannot be read.
        OSError: the outcome could not be written.
    """
    damaged, mended, checked = [], [], 0
    for file in version.manifest.files:
        every = places(version, file)
        progress.more(file.size * (len(every) - 1))
        whole = [path for path in every if is_whole(path, file, progress)]
        checked += file.size * len(every)
        if not whole:
            damaged.append(file.path)
        elif len(whole) < len(every):
            for path in every:
                if path not in whole:
                    _replace(path, whole[0])
            mended.append(file.path)
    status = CORRUPTED if damaged else READY
    curating.note(version, lambda _: {"verified_at": time.time(), "corrupted_files": damaged})
    if version.metadata.status != status:
        curating.describe(version, status=status)
    return Verdict(tuple(damaged), tuple(mended), checked)


def _replace(path: Path, source: Path) -> None:
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        copy_file(source, beside)
        os.chmod(beside, READ_ONLY)
        _bulk.sync_file(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
