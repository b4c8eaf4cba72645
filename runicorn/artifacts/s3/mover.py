"""Move the contents of a store from its folder to its bucket, and back.

A content is removed at its source only after the other side has it: the digest of what a bucket has stored is computed by
the bucket, or by reading it. Contents are removed while no other process stores files (`garbage.alone`), so a save or an
upload that relies on one finds it at one of the two places. What a killed move has left is found by the next one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from runicorn import _platform
from runicorn.artifacts import create, garbage, verify
from runicorn.artifacts.errors import DamagedFile, PoolUnavailable, StoreBusy
from runicorn.artifacts.manifest import ALGORITHM, FileEntry
from runicorn.artifacts.s3.binding import unbind
from runicorn.artifacts.s3.bucket import NOTE, PART, Bucket, in_parallel
from runicorn.artifacts.s3.place import BucketPlace
from runicorn.artifacts.store import FILES, Store, Version
from runicorn.settings import free_space
from runicorn.store.notices import say
from runicorn.store.progress import NO_PROGRESS, Progress

BATCH_CONTENTS, BATCH_BYTES = 250, 16 * PART
"""Contents and bytes after which those of a batch are removed at their source."""
WORKERS = 8
FilesByDigest = dict[str, list[tuple[Version, FileEntry]]]
"""The files of versions by their digest."""


class Content(NamedTuple):
    """A content to be moved: its digest, and its size in bytes."""

    digest: str
    size: int


@dataclass
class Outcome:
    """Result of a move.

    Attributes:
        contents, bytes: what was moved.
        problems: a sentence for each damaged content, which stays where it is.
        is_unbound: whether the bucket is empty, and may be used by another store.
    """

    contents: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    is_unbound: bool = False


class Mover:
    """A move between the folder of a store and its bucket.

    Args:
        keep: copy the contents, and remove none.
    """

    def __init__(self, store: Store, bucket: Bucket, *, keep: bool = False) -> None:
        self._store, self._bucket, self._keep = store, bucket, keep
        self._outcome = Outcome()
        self._files: FilesByDigest = {}
        self._seen = set[Path]()

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Exclude other moves of the store."""
        lock = self._store.writable(self._store.path) / ".move.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as locked:
            try:
                locked.enter_context(_platform.file_lock(lock, blocking=False, mode=0o666))
            except BlockingIOError as error:
                sentence = f"Another process is moving the contents of {self._store.root}."
                raise StoreBusy(sentence) from error
            yield

    def in_folder(self) -> list[Content]:
        """Return the contents in the folder, also those without a version."""
        self._outcome.problems = self._find_files()
        sizes = {ALGORITHM + entry.name: entry.stat().st_size for entry in self._store.pool.blobs()}
        for digest, files in self._files.items():
            if digest in sizes or any(
                os.path.lexists(version.file_path(file.path)) for version, file in files
            ):
                sizes[digest] = files[0][1].size
        return [Content(*item) for item in sizes.items()]

    def in_bucket(self) -> list[Content]:
        """Return the contents in the bucket, also those without a version, if the disk has space for them."""
        self._outcome.problems = self._find_files()
        stored = [Content(*item) for item in self._bucket.contents()]
        new = sum(size for digest, size in stored if not self._store.pool.blob(digest).exists())
        free_space.require(self._store.path, new)
        return stored

    def to_bucket(self, contents: list[Content], progress: Progress = NO_PROGRESS) -> Outcome:
        """Move the contents of `in_folder`. After an error, what was moved until then stays in the bucket."""
        self._store.writable(self._store.pool.incoming).mkdir(parents=True, exist_ok=True)
        for batch in _batches(contents):
            uploaded = self._process_batch(batch, self._send, progress)
            if not self._keep:
                self._remove_from_folder(uploaded)
        return self._outcome

    def to_folder(self, contents: list[Content], progress: Progress = NO_PROGRESS) -> Outcome:
        """Move the contents of `in_bucket`; unbind the store from the bucket if no content is left there.

        After an error, what was moved until then stays in the folder.
        """
        for batch in _batches(contents):
            self._remove_from_bucket(self._process_batch(batch, self._fetch, progress))
        while True:
            self._find_files()  # of new versions too
            self._place_files(self._files)
            with self._alone():
                if self._new_versions():
                    continue
                for rest in self._store.pool.incoming.glob("*"):  # of killed processes
                    self._store.writable(rest).unlink()
                if not self._keep and not any(self._bucket.contents()):
                    self._bucket.abort(self._bucket.unfinished())
                    unbind(self._store.path, self._bucket)
                    self._outcome.is_unbound = True
                return self._outcome

    def _find_files(self) -> list[str]:
        """Find the files of all versions; return the problems of those that cannot be read."""
        self._files, problems = {}, []
        self._seen.clear()
        for version in self._new_versions():
            self._seen.add(version.path)
            try:
                for file in version.manifest.files:
                    self._files.setdefault(file.digest, []).append((version, file))
            except DamagedFile as error:
                problems.append(str(error))
        return problems

    def _new_versions(self) -> list[Version]:
        """Return the versions that have been created since their files were found."""
        folders = self._store.folders()
        versions = (folder.version(number) for folder in folders for number in folder.numbers())
        return [version for version in versions if version.path not in self._seen]

    def _process_batch(
        self, batch: list[Content], work: Callable[[Content, Progress], None], progress: Progress
    ) -> list[Content]:
        """Do the work for the contents at the same time; return those that are not damaged."""
        done = []
        is_one = len(batch) == 1
        attempt = partial(_attempt, work, progress if is_one else NO_PROGRESS)
        for content, problem in zip(batch, in_parallel(attempt, batch, WORKERS)):
            if not is_one:
                progress.advance(content.size)
            if problem:
                self._outcome.problems.append(problem)
                continue
            done.append(content)
            self._outcome.contents += 1
            self._outcome.bytes += content.size
        return done

    def _send(self, content: Content, progress: Progress) -> None:
        copy, reasons = self._place(content), list[str]()
        note = self._store.pool.incoming / (content.digest.removeprefix(ALGORITHM) + NOTE)
        with self._store.in_use():
            is_there = self._bucket.holds(*content)
            if is_there and not copy.damage(progress):
                return
            for path in self._copies(content.digest):
                try:
                    is_verified = self._bucket.put_file(
                        path, *content, note=note, replace=is_there, progress=progress
                    )
                except PoolUnavailable:
                    raise
                except (DamagedFile, OSError):
                    reasons.append(verify.damage(path, copy.file))
                    if not reasons[-1]:
                        raise
                    continue
                if not is_verified and copy.damage():
                    raise PoolUnavailable(f"{copy.address} differs from what was sent.")
                return
        if reasons:
            raise self._damaged(content, reasons[0])

    def _fetch(self, content: Content, progress: Progress) -> None:
        with self._store.in_use():
            if self._store.pool.holds(*content):
                progress.advance(content.size)
                return
            place = self._place(content)
            try:
                verify.fetch(self._store, place, progress)
            except DamagedFile as error:
                raise self._damaged(content, place.damage()) from error

    def _remove_from_folder(self, contents: list[Content]) -> None:
        with self._alone():
            lacking = set(self._bucket.lacking(dict(contents)))  # collected, if without a version
            for digest, _ in contents:
                if digest in lacking:
                    if digest in self._files:
                        self._outcome.problems.append(
                            f"{self._bucket.address(digest)} was removed meanwhile."
                        )
                    continue
                for version, file in self._files.get(digest, ()):
                    self._remove(version.file_path(file.path), version.path / FILES)
                self._remove(self._store.pool.blob(digest), self._store.pool.path)

    def _remove_from_bucket(self, contents: list[Content]) -> None:
        self._place_files(digest for digest, _ in contents)
        with self._alone():
            if not self._keep:
                there = [digest for digest, size in contents if self._store.pool.holds(digest, size)]
                self._bucket.remove(there)

    def _place_files(self, digests: Iterable[str]) -> None:
        """Link contents of the pool to files of versions that do not exist, in portions: a save waits for each."""
        files = (placed for digest in digests for placed in self._files.get(digest, ()))
        missing = [placed for placed in files if not os.path.lexists(placed[0].file_path(placed[1].path))]
        for start in range(0, len(missing), BATCH_CONTENTS):
            with self._alone():
                for version, file in missing[start : start + BATCH_CONTENTS]:
                    blob, target = self._store.pool.blob(file.digest), version.file_path(file.path)
                    if blob.exists() and version.path.is_dir() and not os.path.lexists(target):
                        self._store.writable(target.parent).mkdir(parents=True, exist_ok=True)
                        create.place(blob, target, file.digest, NO_PROGRESS)

    def _remove(self, path: Path, top: Path) -> None:
        """Remove a file, and the folders below `top` that are empty then."""
        self._store.writable(path).unlink(missing_ok=True)
        for folder in path.parents:
            if folder == top:
                return
            try:
                folder.rmdir()
            except OSError:
                return

    def _alone(self) -> ExitStack:
        try:
            return garbage.alone(self._store, garbage.PATIENCE)
        except StoreBusy:
            say("Waiting for other processes, which are storing files.")
            return garbage.alone(self._store, math.inf)

    def _place(self, content: Content) -> BucketPlace:
        return BucketPlace(self._bucket, FileEntry("", content.size, content.digest))

    def _copies(self, digest: str) -> Iterator[Path]:
        """Yield the copies of a content on disk, one of those that are links to each other."""
        files, seen = self._files.get(digest, ()), set()
        for path in (
            self._store.pool.blob(digest),
            *(version.file_path(file.path) for version, file in files),
        ):
            if os.path.lexists(path):
                about = path.lstat()
                if (about.st_dev, about.st_ino) not in seen:
                    seen.add((about.st_dev, about.st_ino))
                    yield path

    def _damaged(self, content: Content, reason: str) -> DamagedFile:
        files = [f"{file.path!r} of {version}" for version, file in self._files.get(content.digest, ())]
        name = files[0] if files else content.digest
        return DamagedFile(f"{name} is damaged and was not moved: {reason}.")


def _attempt(work: Callable[[Content, Progress], None], progress: Progress, content: Content) -> str:
    """Do the work for a content; return the sentence about its damage, "" for none."""
    try:
        work(content, progress)
    except DamagedFile as error:
        return str(error)
    return ""


def _batches(contents: Iterable[Content]) -> Iterator[list[Content]]:
    """Yield each large content alone, and small ones together."""
    batch: list[Content] = []
    for content in contents:
        if content.size > PART:
            yield [content]
            continue
        batch.append(content)
        if len(batch) == BATCH_CONTENTS or sum(size for _, size in batch) > BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch
