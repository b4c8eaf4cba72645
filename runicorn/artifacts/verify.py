"""Verification of stored files and of whole versions."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runicorn import _platform
from runicorn.artifacts import curation, stamps
from runicorn.artifacts.copying import BLOCK, copy_file, hash_file
from runicorn.artifacts.errors import DamagedFile, PoolUnavailable
from runicorn.artifacts.manifest import ALGORITHM, FileEntry
from runicorn.artifacts.pool import seal
from runicorn.artifacts.store import Store, Version
from runicorn.store import bulk_io
from runicorn.store.progress import NO_PROGRESS, Progress

if TYPE_CHECKING:
    from runicorn.artifacts.s3.place import BucketPlace

READY, CORRUPTED = "ready", "corrupted"


class VerifyResult(NamedTuple):
    """Result of verifying a version.

    Attributes:
        damaged: paths of files that are missing or differ from what was stored, each with the reason.
        repaired: paths of files that were damaged in one copy and were restored from the other.
        checked: bytes read.
    """

    damaged: dict[str, str]
    repaired: tuple[str, ...]
    checked: int


def places(version: Version, file: FileEntry) -> list[Path]:
    """Return the places of a file's content on disk: the version's folder, and the pool if it has another copy."""
    own, pooled = version.file_path(file.path), version.artifact.store.pool.blob(file.digest)
    with suppress(OSError):
        if os.path.samefile(own, pooled):
            return [own]
    return [own, pooled]


def in_bucket(version: Version, file: FileEntry) -> BucketPlace | None:
    """Return the place of a file's content in the bucket of the store; None if the disk has it or there is no bucket."""
    if version.artifact.store.bucket is None or any(map(os.path.lexists, places(version, file))):
        return None
    return bucket_place(version, file)


def bucket_place(version: Version, file: FileEntry) -> BucketPlace | None:
    """Return the place that a content has or would have in the bucket of the store; None if there is no bucket."""
    bucket = version.artifact.store.bucket
    if bucket is None:
        return None
    from runicorn.artifacts.s3.place import BucketPlace

    return BucketPlace(bucket, file)


def is_whole(path: Path, file: FileEntry, progress: Progress = NO_PROGRESS) -> bool:
    """Return whether the content at `path` is what was stored."""
    return not damage(path, file, progress)


def damage(path: Path, file: FileEntry, progress: Progress = NO_PROGRESS) -> str:
    """Return how the content at `path` differs from what was stored; "" if it does not."""
    try:
        fd = _platform.open_regular(path, follow_links=False)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    try:
        about = os.fstat(fd)
        written_at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(about.st_mtime))
        if about.st_size != file.size:
            return f"{about.st_size:,} bytes instead of {file.size:,}, last written {written_at}"
        if ALGORITHM + hash_file(fd, progress) == file.digest:
            return ""
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    finally:
        os.close(fd)
    if stamps.is_stamped(about, file.digest):
        return "damaged by the disk: no program has written to it since it was stored"
    return f"content differs, last written {written_at}"


def intact_place(version: Version, file: FileEntry) -> Path:
    """Return a place on disk where the content is intact; reads it once.

    A content that is intact in the bucket only is fetched into the pool.

    Raises:
        DamagedFile: no intact copy exists.
    """
    for path in places(version, file):
        if is_whole(path, file):
            return path
    place = bucket_place(version, file)
    if place is not None:
        with suppress(DamagedFile):
            return fetch(version.artifact.store, place)
    require_bucket(version, file)
    raise DamagedFile(
        "{path} of {version} is damaged in the store and was not read.", path=repr(file.path), version=version
    )


def fetch(store: Store, place: BucketPlace, progress: Progress = NO_PROGRESS) -> Path:
    """Fetch a content from the bucket into the pool of the disk; return its path there."""
    file = place.file
    with store.in_use():
        store.writable(store.pool.incoming).mkdir(parents=True, exist_ok=True)
        copy = store.pool.incoming / f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with copy.open("xb") as target:
                for block in blocks(place, file):
                    target.write(block)
                    progress.advance(len(block))
            store.pool.adopt(copy, file.digest, file.size)
        finally:
            copy.unlink(missing_ok=True)
    return store.pool.blob(file.digest)


def require_bucket(version: Version, file: FileEntry) -> None:
    """Raise an error if the content is in a bucket that this process does not use."""
    url = version.artifact.store.unused_bucket
    if url is not None and not any(map(os.path.lexists, places(version, file))):
        raise DamagedFile(
            "{path} of {version} is in {url}: set RUNICORN_ARTIFACT_POOL to read it.",
            path=repr(file.path),
            version=version,
            url=url,
        )


def first_place(version: Version, file: FileEntry) -> Path | BucketPlace:
    """Return a place of a content: on disk one with the right size, preferably unchanged since it was stored.

    Only reading it shows whether it is intact. With a bucket, one that has changed is read, since the bucket may have it.

    Raises:
        DamagedFile: no place has it.
        PoolUnavailable: the bucket cannot be used.
    """
    place = in_bucket(version, file)
    if place is not None:
        return place
    candidates = _by_stamp(version, file)
    if version.artifact.store.bucket is not None and not (candidates and candidates[0][0]):
        return intact_place(version, file)
    if not candidates:
        require_bucket(version, file)
        raise DamagedFile(
            "{path} of {version} is missing or torn in the store.", path=repr(file.path), version=version
        )
    return candidates[0][1]


def unchanged_place(version: Version, file: FileEntry) -> Path | BucketPlace:
    """Return a place of an unchanged content; one on disk is read only if its stamp is missing.

    Raises:
        DamagedFile: no intact copy exists.
    """
    place = in_bucket(version, file)
    if place is not None:
        return place
    candidates = _by_stamp(version, file)
    if candidates and candidates[0][0]:
        return candidates[0][1]
    return intact_place(version, file)


def _by_stamp(version: Version, file: FileEntry) -> list[tuple[bool, Path]]:
    """Return the places with the right size, those with a stamp first, and whether they have one."""
    candidates = []
    for path in places(version, file):
        with suppress(OSError):
            about = path.lstat()
            if about.st_size == file.size:
                candidates.append((stamps.is_stamped(about, file.digest), path))
    return sorted(candidates, key=lambda place: not place[0])


def blocks(place: Path | BucketPlace, file: FileEntry) -> Iterator[bytes]:
    """Yield a file in blocks; the last one only after the digest is verified.

    Raises:
        DamagedFile: the digest differs, or the content is missing or torn. Discard the earlier blocks.
        PoolUnavailable: the bucket cannot be used. Discard the earlier blocks.
    """
    hashed, previous = hashlib.sha256(), b""
    try:
        with closing(_read(place) if isinstance(place, Path) else place.blocks()) as source:
            for block in source:
                hashed.update(block)
                if previous:
                    yield previous
                previous = block
    except PoolUnavailable:
        raise
    except OSError as error:
        raise DamagedFile(
            "{path} cannot be read in the store: {reason}.",
            path=repr(file.path),
            reason=error.strerror or error,
        ) from error
    if ALGORITHM + hashed.hexdigest() != file.digest:
        raise DamagedFile("{path} is damaged in the store and was not read.", path=repr(file.path))
    yield previous


def _read(path: Path) -> Generator[bytes]:
    fd, offset = _platform.open_regular(path, follow_links=False), 0
    try:
        while block := _platform.read_at(fd, BLOCK, offset):
            offset += len(block)
            yield block
    finally:
        os.close(fd)


def verify(version: Version, progress: Progress = NO_PROGRESS) -> VerifyResult:
    """Read every byte of a version, repair files with an intact copy, and record `corrupted` or `ready`.

    Raises:
        DamagedFile: the manifest itself cannot be read.
        OSError: the result could not be written, or the bucket of the store cannot be used.
    """
    damaged: dict[str, str] = {}
    repaired, checked = [], 0
    for file in version.manifest.files:
        place = in_bucket(version, file)
        if place is not None:
            if reason := place.damage(progress):
                damaged[file.path] = reason
            checked += file.size
            continue
        require_bucket(version, file)
        every = places(version, file)
        progress.extend(file.size * (len(every) - 1))
        reasons = {path: damage(path, file, progress) for path in every}
        intact = [path for path in every if not reasons[path]]
        if not intact and (place := bucket_place(version, file)) is not None:
            with suppress(DamagedFile):
                intact = [fetch(version.artifact.store, place)]
                every = places(version, file)
        checked += file.size * len(every)
        if not intact:
            damaged[file.path] = reasons[every[0]]
        elif len(intact) < len(every):
            for path in every:
                if path not in intact:
                    _replace(version.artifact.store.writable(path), intact[0], file.digest)
            repaired.append(file.path)
    status = CORRUPTED if damaged else READY
    outcome = {
        "verified_at": time.time(),
        "corrupted_files": list(damaged),
        "corruption": damaged,
        "mended_files": repaired,
    }
    curation.note(version, lambda _: outcome)
    if version.metadata.status != status:
        curation.describe(version, status=status)
    return VerifyResult(damaged, tuple(repaired), checked)


def _replace(path: Path, source: Path, digest: str) -> None:
    """Replace a damaged content by an intact one, linked if possible."""
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        try:
            os.link(source, beside)
        except OSError:
            copy_file(source, beside)
        seal(beside, digest)
        bulk_io.sync_file(beside)
        os.replace(beside, path)
        _platform.fsync_directory(path.parent)
    finally:
        beside.unlink(missing_ok=True)
