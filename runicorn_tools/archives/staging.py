"""Private staging folder inside the storage root, where an archive is unpacked before its content becomes visible.

It is on the file system of the store, so its files are published by renames. The staging folder of a killed process is
never read, and the next import removes it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from runicorn import _platform
from runicorn.artifacts import import_commit as commit
from runicorn.artifacts.import_commit import CLAIM, CONTENT
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.settings import free_space
from runicorn.store import bulk_io, curation
from runicorn.store.progress import Progress
from runicorn_tools.archives import reader
from runicorn_tools.archives.limits import ArchiveRefused, Limits
from runicorn_tools.archives.paths import Kind, MemberPath, place_of

PREFIX = "import-"
SENT, WAITING = "upload-", "archive-"
"""Prefixes of archives that are being uploaded, and of archives waiting for confirmation."""
LOCK = "import.lock"
"""Lock held while runs and versions are placed."""


class Unpacked(NamedTuple):
    """A file of an archive in the staging folder.

    Attributes:
        path: its path in the staging folder.
        size: size in bytes.
        digest: digest of a content of artifacts; "" for other files.
    """

    place: MemberPath
    path: Path
    size: int
    digest: str


@contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Create an empty staging folder, removed at the end; remove those of killed importers first.

    If nothing was imported, a private folder created here is removed again.
    """
    is_new = not os.path.lexists(root / curation.PRIVATE)
    private = curation.private_folder(root)
    commit.finish(root)
    _remove_rests(private)
    claim = ExitStack()
    folder = _claimed_folder(private, claim)
    try:
        with claim:
            content = folder / CONTENT
            content.mkdir()
            yield content
    finally:
        # A committed import that could not be placed yet is placed later.
        if not (folder / commit.RECORD).exists():
            shutil.rmtree(folder, ignore_errors=True)
        if is_new and set(os.listdir(root)) == {curation.PRIVATE}:
            _remove_new(private)


def _claimed_folder(private: Path, claim: ExitStack) -> Path:
    while True:
        folder = private / f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        folder.mkdir()
        with suppress(FileNotFoundError):  # another importer has taken the empty folder for a leftover
            claim.enter_context(_platform.file_lock(folder / CLAIM))
            return folder


def _remove_new(private: Path) -> None:
    """Remove a new private folder that contains only a lock; another import creates it again."""
    with suppress(OSError):
        if set(os.listdir(private)) <= {LOCK}:
            (private / LOCK).unlink(missing_ok=True)
            private.rmdir()


def _remove_rests(private: Path) -> None:
    for rest in private.glob(f"{PREFIX}*"):
        # Its importer holds the lock of its claim until it ends.
        with suppress(OSError):
            if (rest / commit.RECORD).exists():
                continue
            if not (rest / CLAIM).exists():
                # Killed before the claim, or while the folder was removed.
                rest.rmdir() if not any(rest.iterdir()) else shutil.rmtree(rest, ignore_errors=True)
                continue
            with _platform.file_lock(rest / CLAIM, blocking=False):
                shutil.rmtree(rest, ignore_errors=True)


def unpack(file: IO[bytes], folder: Path, limits: Limits, progress: Progress) -> list[Unpacked]:
    """Write every file of a store in the archive below `folder` and sync them to disk.

    Raises:
        ArchiveRefused: it is not an archive of a store, or exceeds a limit.
        OSError: it cannot be read, or the folder cannot be written.
    """
    members, space = [], free_space.ReserveCheck(folder)
    for member in reader.members(file, limits._replace(folder=folder)):
        place = place_of(member.path)
        if place.kind is Kind.SKIPPED:
            for block in member.blocks:
                progress.advance(len(block))
            continue
        path = folder / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        is_content = place.kind is Kind.CONTENT or (
            place.kind is Kind.VERSION and place.rest.startswith("files/")
        )
        size, digest = _write(path, member.blocks, is_content, space, progress)
        if place.kind is Kind.CONTENT and digest != ALGORITHM + place.owner:
            raise ArchiveRefused(
                "The archive's member {path} is damaged: its digest differs.", path=repr(member.path)
            )
        if member.modified is not None:
            with suppress(OverflowError, OSError, ValueError):  # a time that the file system does not have
                os.utime(path, ns=(member.modified, member.modified))
        members.append(Unpacked(place, path, size, digest))
    if not bulk_io.sync_filesystem(folder):
        for entry in members:
            bulk_io.sync_file(entry.path)
    return members


def _write(
    path: Path, blocks: Iterator[bytes], hashing: bool, space: free_space.ReserveCheck, progress: Progress
) -> tuple[int, str]:
    """Write a new file; return its size, and its digest if requested."""
    hashed, size = hashlib.sha256(), 0
    with path.open("xb") as target:
        for block in blocks:
            space.require(len(block))
            target.write(block)
            size += len(block)
            progress.advance(len(block))
            if hashing:
                hashed.update(block)
    return size, ALGORITHM + hashed.hexdigest() if hashing else ""
