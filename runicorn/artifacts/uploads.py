"""Upload of versions from other machines: declare, send contents, complete.

An upload is a folder `artifacts/.uploads/<id>/` with the declared version (`upload.json`), a line for each file
(`files.jsonl`, since a hundred thousand files are declared in several requests), and a growing file for each content
being received. A complete content whose digest matches moves to the pool. An upload survives a restart of the server.
The version is visible only when the upload is complete; an upload unused for a day is garbage, as are its contents.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform, regular_file
from runicorn.artifacts import names
from runicorn.artifacts.copying import hash_file
from runicorn.artifacts.create import Draft, check, make
from runicorn.artifacts.errors import ArtifactError, ArtifactNotFound, InvalidArtifact
from runicorn.artifacts.manifest import ALGORITHM, Reference, is_digest, is_size
from runicorn.artifacts.pool import Blob, Intake
from runicorn.artifacts.store import UPLOADS, Store, Version, write_small
from runicorn.settings import free_space
from runicorn.store import layout

MOST_FILES = 100_000
PREFIX = 8
"""Header of each content in a batch: its length, big-endian."""
WHOLE = "non_field_errors"
"""Field name of errors about a whole body."""
_ID = re.compile(r"[0-9a-f]{32}")
_ABOUT, _FILES, _RECEIVED = "upload.json", "files.jsonl", "received.txt"


class UploadConflict(ArtifactError, RuntimeError):
    """The sent data does not match the state of the upload.

    Attributes:
        size: received bytes of the content, if that is the conflict.
    """

    def __init__(self, sentence: str, size: int | None = None) -> None:
        super().__init__(sentence)
        self.size = size


class DeclaredFile(NamedTuple):
    """One file of an upload, as its sender describes it."""

    path: str
    size: int
    digest: str


class Listed(NamedTuple):
    """The declared files of an upload.

    Attributes:
        files: in the order of declaration.
    """

    files: tuple[DeclaredFile, ...]
    sizes: dict[str, int]


class Upload:
    """An upload in progress.

    Attributes:
        id: 32 hexadecimal digits.
        withheld: returns those of some contents that the sender may use only after sending them, even if they are stored.
    """

    def __init__(self, store: Store, id: str) -> None:
        self.store = store
        self.id = id
        self.path = store.path / UPLOADS / id
        self.withheld: Callable[[Collection[str]], set[str]] = lambda digests: set()

    def declared(self) -> dict[str, Any]:
        """Return the declaration of the version.

        Raises:
            ArtifactNotFound: the upload does not exist, or is complete.
        """
        value = layout.read_json(self.path / _ABOUT)[0] if _ID.fullmatch(self.id) else {}
        if not value:
            raise ArtifactNotFound(f"Upload not found: {self.id[:64]}")
        return value

    def declared_files(self) -> Listed:
        """Return the files declared so far.

        Raises:
            ArtifactNotFound: the upload does not exist, or is complete.
        """
        try:
            about = os.stat(self.path / _FILES) if _ID.fullmatch(self.id) else None
        except FileNotFoundError:
            about = None
        if about is None:
            raise ArtifactNotFound(f"Upload not found: {self.id[:64]}")
        return _read_file_list(self.path / _FILES, about.st_size, about.st_mtime_ns)

    def missing(self, files: Iterable[DeclaredFile]) -> list[str]:
        """Return the digests of the contents of `files` that are not complete yet."""
        sizes = {file.digest: file.size for file in files}
        unsent = self.unsent(sizes)
        usable = {digest: size for digest, size in sizes.items() if digest not in unsent}
        missing = unsent.union(self.store.lacking(usable))
        return [digest for digest in sizes if digest in missing]

    def unsent(self, digests: Collection[str]) -> set[str]:
        """Return those withheld contents that the sender has not sent."""
        withheld = self.withheld(digests)
        if withheld:
            with suppress(FileNotFoundError):
                withheld -= {*regular_file.read_text(self.path / _RECEIVED).split()}
        return withheld

    def note_sent(self, digests: Collection[str]) -> None:
        """Record the withheld ones of complete contents as sent."""
        unsent = self.unsent(digests)
        if unsent:
            with (self.store.writable(self.path) / _RECEIVED).open("a", encoding="ascii") as noted:
                noted.write("".join(f"\n{digest}" for digest in unsent))

    def part(self, digest: str) -> Path:
        """Return the path of a content while it is received."""
        return self.path / digest.removeprefix(ALGORITHM)

    def received(self, digest: str) -> int:
        """Return the number of received bytes of a content."""
        try:
            return self.part(digest).stat().st_size
        except FileNotFoundError:
            return 0

    def lock(self) -> Any:
        """Lock for changing and completing it.

        Raises:
            OutsideStore: its folder is, or lies behind, a link out of the storage root.
        """
        return _platform.file_lock(self.store.writable(self.path) / ".lock")


def begin(
    store: Store, about: Mapping[str, Any], files: Iterable[Mapping[str, Any]], total: int | None = None
) -> tuple[Upload, list[DeclaredFile]]:
    """Begin an upload; return it and the files declared with it.

    Args:
        about: `name`, `type`, and optionally `description`, `metadata`, `tags`, `references`, `run_id`.
        files: `path`, `size` and `digest` of each.
        total: number of files if they are declared in several requests; fewer cannot be completed.

    Raises:
        InvalidArtifact: it cannot become a version.
    """
    declared = [_declared(file) for file in files]
    _check_files(store, about, declared, total)
    upload = Upload(store, os.urandom(16).hex())
    store.writable(upload.path).mkdir(parents=True)
    try:
        _append(upload.path / _FILES, declared)
        write_small(upload.path / _ABOUT, {**about, "total_files": total, "created_at": time.time()})
    except (InvalidArtifact, OSError):
        shutil.rmtree(upload.path, ignore_errors=True)
        raise
    return upload, declared


def declare(upload: Upload, files: Iterable[Mapping[str, Any]]) -> list[DeclaredFile]:
    """Declare further files of an upload, and return them. Declaring a file twice changes nothing.

    Raises:
        InvalidArtifact: with them it cannot become a version, or one of them was declared differently before.
    """
    declared = [_declared(file) for file in files]
    about = upload.declared()
    with upload.lock():
        before = {file.path: file for file in upload.declared_files().files}
        new = [file for file in declared if before.setdefault(file.path, file) is file]
        other = next((file.path for file in declared if before[file.path] != file), None)
        if other is not None:
            raise InvalidArtifact(f"{other!r} was declared before with another size or digest.", "files")
        _check_files(upload.store, about, list(before.values()), about.get("total_files"))
        _append(upload.path / _FILES, new)
        os.utime(upload.path)
    return declared


def add_part(upload: Upload, digest: str, offset: int, content: bytes) -> int:
    """Append to a content exactly at an offset; return its new size. The last part moves it to the pool.

    Raises:
        InvalidArtifact: no file of the upload has this content, or it exceeds the declared size.
        UploadConflict: the content has another size now, and nothing was written; or its digest differs, and it was
            discarded.
        OSError: it could not be written, or the bucket of the store cannot be used: what was received is kept.
    """
    size = upload.declared_files().sizes.get(digest)
    if size is None:
        raise InvalidArtifact(f"No file of this upload has the digest {digest[:100]}.", "digest")
    if offset < 0 or offset + len(content) > size:
        raise InvalidArtifact(
            f"The content has {size} bytes; a part at offset {offset} must not reach beyond.", "offset"
        )
    store = upload.store
    with upload.lock():
        there = upload.received(digest)
        # A bucket is asked once for a content, not for each of its parts.
        is_asked = (there == 0 or store.bucket is None) and not upload.unsent([digest])
        is_there = is_asked and store.holds(digest, size)
        there = size if is_there else there
        if offset != there:
            raise UploadConflict(f"The content has {there} bytes so far, not {offset}.", there)
        if is_there:
            return size
        part = store.writable(upload.part(digest))
        free_space.require(upload.path, len(content))
        with open(part, "ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.utime(upload.path)
        if there + len(content) == size:
            with store.in_use():
                _take_in(upload, digest, size)
        return there + len(content)


def add_contents(upload: Upload, body: bytes) -> int:
    """Receive a batch of complete small contents, each after its length; return their number.

    Raises:
        InvalidArtifact: the body is malformed, or no file of the upload has one of the contents.
    """
    sizes, store, contents = upload.declared_files().sizes, upload.store, _parted(body)
    digests = [ALGORITHM + hashlib.sha256(content).hexdigest() for content in contents]
    for number, (digest, content) in enumerate(zip(digests, contents), 1):
        if sizes.get(digest) != len(content):
            raise InvalidArtifact(f"No file of this upload has content {number} of those sent.", WHOLE)
    with store.in_use():
        if store.bucket is not None:
            store.bucket.put_all(dict(zip(digests, contents)))
        else:
            free_space.require(upload.path, len(body))
            with Intake(store.pool) as intake:
                for digest, content in zip(digests, contents):
                    intake.keep(content, digest)
                intake.settle()
    with suppress(FileNotFoundError):  # completed meanwhile
        upload.note_sent(digests)
        os.utime(upload.store.writable(upload.path))
    return len(contents)


def complete(upload: Upload) -> Version:
    """Create the version and remove the upload.

    Raises:
        UploadConflict: something was not declared or sent yet, or its digest differs and it was discarded.
        OSError: it could not be written; the upload is unchanged.
    """
    store = upload.store
    upload.declared()
    with upload.lock(), store.in_use():
        about, (files, sizes) = upload.declared(), upload.declared_files()
        total = about.get("total_files")
        if total is not None and len(files) != total:
            raise UploadConflict(f"Of {total} files, {total - len(files)} must still be declared.")
        for digest in upload.missing(files):
            # All bytes arrived, and the process that received the last part ended before adding them to the pool.
            if 0 < upload.received(digest) == sizes[digest]:
                _take_in(upload, digest, sizes[digest])
        missing = upload.missing(files)
        if missing:
            raise UploadConflict(
                f"Of {len(sizes)} contents, {len(missing)} must still be sent; the first is {missing[0]}."
            )
        draft = _draft(about, files)
        check(store, draft)
        version = make(store, draft, draft.stored)
        # Without this file the upload does not exist for a process that waits for the lock.
        with suppress(OSError):
            (upload.path / _ABOUT).unlink()
    shutil.rmtree(upload.path, ignore_errors=True)
    return version


def _parted(body: bytes) -> list[bytes]:
    parts, at, view = [], 0, memoryview(body)
    while at < len(body):
        start = at + PREFIX
        at = start + int.from_bytes(view[at:start], "big")
        if len(view[start:at]) != at - start or start > len(body):
            raise InvalidArtifact("The last content is incomplete.", WHOLE)
        parts.append(bytes(view[start:at]))
    return parts


def _take_in(upload: Upload, digest: str, size: int) -> None:
    part = upload.part(digest)
    fd = _platform.open_regular(part, follow_links=False)
    try:
        right = os.fstat(fd).st_size == size and ALGORITHM + hash_file(fd) == digest
    finally:
        os.close(fd)
    if not right:
        part.unlink()
        raise UploadConflict(f"What was sent for {digest} has another digest and was discarded.", 0)
    if upload.unsent([digest]) and upload.store.holds(digest, size):
        part.unlink()
    else:
        upload.store.adopt(part, digest, size)
    upload.note_sent([digest])


@lru_cache(maxsize=2)
def _read_file_list(path: Path, size: int, changed: int) -> Listed:
    """Read and cache the list of files for this size and time: each part of an upload reads it."""
    with regular_file.open_binary(path) as file:
        lines = file.read(size).split(b"\n")[:-1]
    files = tuple(DeclaredFile(*json.loads(line)) for line in lines)
    return Listed(files, {file.digest: file.size for file in files})


def _append(path: Path, files: Iterable[DeclaredFile]) -> None:
    """Append lines to the list, after removing a torn line of a killed process."""
    text = "".join(json.dumps(file) + "\n" for file in files)
    with path.open("a+b") as lines:
        lines.seek(0)
        complete_size = lines.read().rfind(b"\n") + 1
        lines.truncate(complete_size)
        lines.write(text.encode())
        lines.flush()
        os.fsync(lines.fileno())


def _check_files(
    store: Store, about: Mapping[str, Any], files: list[DeclaredFile], total: int | None
) -> None:
    limit = MOST_FILES if total is None else min(total, MOST_FILES)
    if len(files) > limit or (total or 0) > MOST_FILES:
        raise InvalidArtifact(f"There must not be more than {limit} files in this upload.", "files")
    sizes: dict[str, int] = {}
    for file in files:
        if sizes.setdefault(file.digest, file.size) != file.size:
            raise InvalidArtifact(f"Two files have the digest {file.digest} and different sizes.", "files")
    # The version cannot be checked yet if files are declared later.
    check(store, _draft(about, files), may_be_empty=bool(total))


def _declared(file: Mapping[str, Any]) -> DeclaredFile:
    path, size, digest = file.get("path"), file.get("size"), file.get("digest")
    names.check_path(path)
    if not is_size(size):
        raise InvalidArtifact(f"The size of {path!r} must be a number of bytes.", "files")
    if not is_digest(digest):
        raise InvalidArtifact(f"The digest of {path!r} must be 'sha256:' and 64 hexadecimal digits.", "files")
    return DeclaredFile(str(path), size, str(digest))


def _draft(about: Mapping[str, Any], files: Iterable[DeclaredFile]) -> Draft:
    now = time.time()
    return Draft(
        about["name"],
        about["type"],
        stored={file.path: Blob(file.digest, file.size, now) for file in files},
        references=[Reference(**reference) for reference in about.get("references") or []],
        metadata=about.get("metadata") or {},
        description=about.get("description") or "",
        tags=list(about.get("tags") or []),
        run_id=about.get("run_id") or "",
    )
