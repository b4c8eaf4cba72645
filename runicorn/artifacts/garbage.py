"""Garbage collection: contents without a version, and files left by killed processes.

Runs exclusively: no process stores files meanwhile (`Pool.alone`, and the locks of the artifacts, which Runicorn 0.4-0.5
holds while it saves). So a content that no manifest lists is not about to be listed. The same locks hold for contents in
a bucket, whose servers share the storage root; a bucket is listed before, because that may take minutes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runicorn import _platform, regular_file
from runicorn.artifacts.errors import DamagedFile, PoolUnavailable, StoreBusy
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.artifacts.store import GONE, MANIFEST, SAVING, UPLOADS, Store, Version
from runicorn.newer_python import sha256
from runicorn.store.containment import OutsideStore, is_inside
from runicorn.store.run_files import is_pack

if TYPE_CHECKING:
    from runicorn.artifacts.s3.bucket import Unfinished

ABANDONED_SECONDS = 24 * 3600
"""Age of the last addition from which an upload counts as abandoned."""
PATIENCE = 5.0
"""Time that a deletion waits for other processes to finish storing."""
PAUSE = 0.05


@dataclass(frozen=True)
class Garbage:
    """Removable contents and leftovers.

    Attributes:
        blobs: contents that no version uses: paths in the pool, and digests in the bucket.
        rests: what killed processes left: files and folders, and uploads in parts to the bucket.
        bytes: bytes freed by their removal.
        damaged: versions whose manifest cannot be read, because of which nothing can be removed.
    """

    blobs: tuple[Path | str, ...] = ()
    rests: tuple[Path | Unfinished, ...] = ()
    bytes: int = 0
    damaged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.blobs or self.rests)

    @property
    def fingerprint(self) -> str:
        """Return a digest of the files and their sizes, by which a confirmed list is recognised."""
        paths = "\0".join(sorted(str(path) for path in (*self.blobs, *self.rests)))
        return hashlib.sha256(f"{self.bytes}\0{paths}".encode("utf-8", "surrogateescape")).hexdigest()


@dataclass
class _Links:
    """Count of removed names by file: the bytes of a file are freed with its last name."""

    _seen: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def add(self, path: str | Path) -> None:
        about = os.stat(path, follow_symlinks=False)
        entry = self._seen.setdefault((about.st_dev, about.st_ino), [about.st_size, about.st_nlink])
        entry[1] -= 1

    def bytes(self) -> int:
        return sum(size for size, links in self._seen.values() if links <= 0)


def find(store: Store) -> Garbage:
    """Find what can be removed now; change nothing.

    Raises:
        DamagedFile: a manifest cannot be read, so it is unknown which contents it uses.
    """
    if not store.path.is_dir():  # a lock is a file: where there is nothing, none is made
        return Garbage()
    in_bucket, unfinished = _in_bucket(store)
    with alone(store):
        return _find(store, in_bucket, unfinished)


def damaged_versions(store: Store) -> tuple[str, ...]:
    """Return the versions whose manifest cannot be read, as `type/name:v1`."""
    damaged = []
    for artifact in store.folders():
        for version in map(artifact.version, artifact.all_numbers()):
            try:
                if os.path.lexists(version.path / MANIFEST):
                    _ = version.manifest
            except DamagedFile:
                damaged.append(f"{artifact.type}/{version}")
    return tuple(damaged)


def collect(store: Store, promised: Garbage | None = None) -> Garbage:
    """Remove what can be removed.

    Args:
        promised: an earlier result of `find`; nothing else is removed.

    Returns:
        What was removed.

    Raises:
        StoreBusy, DamagedFile: see `find`; nothing was removed.
    """
    in_bucket, unfinished = _in_bucket(store)
    with alone(store):
        now = _find(store, in_bucket, unfinished)
        if promised is not None:
            approved = {*promised.blobs, *promised.rests}
            now = _sized(
                [blob for blob in now.blobs if blob in approved],
                [rest for rest in now.rests if rest in approved],
                in_bucket,
            )
        _remove(store, now)
    return now


def discard(store: Store, removed: Path, digests: Iterable[str]) -> int:
    """Remove the folder of a deleted version, and those contents that nothing else uses.

    Returns:
        The bytes freed. If another process keeps storing files, or the bucket cannot be used, contents are left to the
        next collection.
    """
    going, unused, there, freed = set(digests), set[str](), dict[str, int](), 0
    if store.bucket is not None:  # asked before, because trainings wait for the locks
        with suppress(PoolUnavailable, DamagedFile):
            there = store.bucket.sizes(going - _used_digests(store))
    with ExitStack() as stack:
        with suppress(StoreBusy, DamagedFile, OutsideStore):
            stack.enter_context(alone(store, PATIENCE))
            unused = going - _used_digests(store)
        if store.bucket is not None:
            with suppress(PoolUnavailable):
                store.bucket.remove(unused & there.keys())
                freed = sum(there[digest] for digest in unused & there.keys())
        garbage = _sized(_blobs(store, unused), [removed])
        _remove(store, garbage)
    return garbage.bytes + freed


def freed_by(store: Store, versions: Iterable[Version]) -> int:
    """Return the bytes that deleting these versions permanently would free now; change nothing and wait for no lock."""
    going = list(versions)
    digests = {digest for version in going for digest in digests_of(version)}
    try:
        unused = digests - _used_digests(store, {v.path for v in going})
    except DamagedFile:  # as `discard`: what that manifest holds is not known
        unused = set()
    freed = _sized(_blobs(store, unused), [version.path for version in going]).bytes
    with suppress(PoolUnavailable):
        freed += sum(store.bucket.sizes(unused).values()) if store.bucket is not None else 0
    return freed


def _blobs(store: Store, digests: Iterable[str]) -> list[Path]:
    """Return the paths of those contents that the pool has."""
    return [blob for digest in digests if (blob := store.pool.blob(digest)).is_file()]


def digests_of(version: Version) -> set[str]:
    """Return the digests of the contents of a version; none if its manifest is damaged."""
    try:
        return {file.digest for file in version.manifest.files}
    except DamagedFile:
        return set()


def alone(store: Store, patience: float = 0.0) -> ExitStack:
    """Exclude other processes from storing files; wait for them for `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            return _locked(store)
        except StoreBusy:
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE)


def _locked(store: Store) -> ExitStack:
    with ExitStack() as stack:
        stack.enter_context(store.pool.alone())
        folders = list(store.folders())
        _platform.allow_open_files(len(folders))  # a lock is an open file
        for artifact in folders:
            try:
                lock = store.writable(artifact.path) / ".lock"
                stack.enter_context(_platform.file_lock(lock, blocking=False, mode=0o666))
            except BlockingIOError as error:
                raise StoreBusy("{name} is being written; try again later.", name=artifact.name) from error
        return stack.pop_all()


def _in_bucket(store: Store) -> tuple[dict[str, int], list[Unfinished]]:
    """Return the sizes of all contents of the bucket, and its abandoned uploads in parts."""
    if store.bucket is None:
        return {}, []
    return dict(store.bucket.contents()), store.bucket.unfinished(ABANDONED_SECONDS)


def _find(store: Store, in_bucket: Mapping[str, int], unfinished: Sequence[Unfinished]) -> Garbage:
    used_names = {digest.rpartition(":")[2] for digest in _used_digests(store)}
    entries = (entry for entry in store.pool.blobs() if entry.name not in used_names)
    blobs = [Path(entry.path) for entry in entries if not _is_of_a_run(entry)]
    unused = [digest for digest in in_bucket if digest.rpartition(":")[2] not in used_names]
    return _sized([*blobs, *unused], [*_rests(store), *unfinished], in_bucket)


def _is_of_a_run(entry: os.DirEntry[str]) -> bool:
    """Return whether a content is a pack of sources to which the folder of a run has a hard link."""
    return entry.stat(follow_symlinks=False).st_nlink > 1 and is_pack(entry.path)


def _used_digests(store: Store, without: Collection[Path] = ()) -> set[str]:
    """Return the digests in all manifests, including deleted versions, except those of the folders `without`.

    A version without a manifest uses the contents of its files.
    """
    used: set[str] = set()
    unlisted: list[Path] = []
    for artifact in store.folders():
        for version in map(artifact.version, artifact.all_numbers()):
            if version.path in without:
                continue
            if os.path.lexists(version.path / MANIFEST):
                used.update(file.digest for file in version.manifest.files)
            else:
                unlisted.append(version.path)
    return used | _contents_of(store, unlisted) if unlisted else used


def _contents_of(store: Store, folders: Iterable[Path]) -> set[str]:
    """Return the digests of all files below some folders, without reading files linked to the pool."""
    names_by_inode = {(entry.stat().st_dev, entry.inode()): entry.name for entry in store.pool.blobs()}
    used = set()
    for path in (
        Path(place, name) for folder in folders for place, _, names in os.walk(folder) for name in names
    ):
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            continue
        digest = names_by_inode.get((about.st_dev, about.st_ino))
        if digest is None:
            with regular_file.open_binary(path) as file:
                digest = sha256(file)
        used.add(ALGORITHM + digest)
    return used


def _rests(store: Store) -> Iterator[Path]:
    if store.pool.incoming.is_dir() and is_inside(store.root, store.pool.incoming):
        yield from sorted(store.pool.incoming.iterdir())
    uploads = store.path / UPLOADS
    is_ours = uploads.is_dir() and is_inside(store.root, uploads)
    for upload in sorted(uploads.iterdir()) if is_ours else ():
        if time.time() - upload.stat().st_mtime > ABANDONED_SECONDS:
            yield upload
    for artifact in store.folders():
        yield from sorted(artifact.path.glob(f"{SAVING}*"))
        yield from sorted(artifact.path.glob(f"{GONE}*"))


def _sized(
    blobs: Sequence[Path | str],
    rests: Sequence[Path | Unfinished],
    sizes_in_bucket: Mapping[str, int] | None = None,
) -> Garbage:
    links = _Links()
    for path in [item for item in (*blobs, *rests) if isinstance(item, Path)]:
        if path.is_dir():
            for folder, _, files in os.walk(path):
                for name in files:
                    links.add(os.path.join(folder, name))
        else:
            links.add(path)
    in_bucket = sum((sizes_in_bucket or {})[blob] for blob in blobs if isinstance(blob, str))
    return Garbage(tuple(blobs), tuple(rests), links.bytes() + in_bucket)


def _remove(store: Store, garbage: Garbage) -> None:
    for rest in garbage.rests:
        if not isinstance(rest, Path):
            continue
        if rest.is_dir():
            shutil.rmtree(rest)
        else:
            rest.unlink()
    if store.bucket is not None:
        store.bucket.abort(rest for rest in garbage.rests if not isinstance(rest, Path))
        store.bucket.remove(blob for blob in garbage.blobs if isinstance(blob, str))
    for blob in garbage.blobs:
        if isinstance(blob, str):
            continue
        blob.unlink()
        with suppress(OSError):  # others are in it
            blob.parent.rmdir()
