"""Versions that come from another machine: told first, then sent in parts, and made when everything is there.

An upload is a folder `artifacts/.uploads/<id>/` with what was told (`upload.json`) and a growing file for each content
that the pool lacks; it survives a restart of whoever receives it. Nothing of it is visible before it is complete, and
one that nobody touched for a day is a rest for the collection of garbage.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _os, layout
from runicorn.artifacts import names
from runicorn.artifacts.copying import hash_file
from runicorn.artifacts.errors import ArtifactError, ArtifactNotFound, InvalidArtifact
from runicorn.artifacts.manifest import ALGORITHM, Reference, is_digest, is_size
from runicorn.artifacts.pool import Blob
from runicorn.artifacts.saving import Draft, check, make
from runicorn.artifacts.store import UPLOADS, Store, Version, write_small

MOST_FILES = 100_000
_ID = re.compile(r"[0-9a-f]{32}")


class UploadConflict(ArtifactError, RuntimeError):
    """What was sent does not fit what is there.

    Attributes:
        size: bytes of the content that are there, where that is the question.
    """

    def __init__(self, sentence: str, size: int | None = None) -> None:
        super().__init__(sentence)
        self.size = size


class Told(NamedTuple):
    """One file of an upload, as its sender describes it."""

    path: str
    size: int
    digest: str


class Upload:
    """An upload that was begun.

    Attributes:
        id: 32 hexadecimal digits.
        path: its folder.
    """

    def __init__(self, store: Store, id: str) -> None:
        self.store = store
        self.id = id
        self.path = store.path / UPLOADS / id

    def told(self) -> dict[str, Any]:
        """What was told at its beginning.

        Raises:
            ArtifactNotFound: there is no such upload, or it is complete.
        """
        value = layout.read_json(self.path / "upload.json")[0] if _ID.fullmatch(self.id) else {}
        if not value:
            raise ArtifactNotFound(f"Upload not found: {self.id[:64]}")
        return value

    def files(self) -> list[Told]:
        """Its files."""
        return [Told(*entry) for entry in self.told()["files"]]

    def sizes(self) -> dict[str, int]:
        """The size of each content, by digest."""
        return {file.digest: file.size for file in self.files()}

    def missing(self) -> list[str]:
        """The digests of what has still to be sent, in whole or in part."""
        # An empty content has its file only when it was "sent".
        return [
            digest
            for digest, size in self.sizes().items()
            if not self.store.pool.holds(digest, size)
            and (self.received(digest) < size or not self.part(digest).exists())
        ]

    def part(self, digest: str) -> Path:
        """Where a content grows."""
        return self.path / digest.removeprefix(ALGORITHM)

    def received(self, digest: str) -> int:
        """Bytes of a content that are there."""
        try:
            return self.part(digest).stat().st_size
        except FileNotFoundError:
            return 0

    def lock(self) -> Any:
        """Held by whoever adds to it or completes it."""
        return _os.file_lock(self.path / ".lock")


def begin(store: Store, about: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> Upload:
    """Begin an upload.

    Args:
        store: where.
        about: `name`, `type`, and where they are known `description`, `metadata`, `tags`, `references`, `run_id`.
        files: `path`, `size` and `digest` of each.

    Raises:
        InvalidArtifact: it could never be a version.
        OSError: it could not be written.
    """
    told = [_told(file) for file in files]
    if len(told) > MOST_FILES:
        raise InvalidArtifact(f"There must not be more than {MOST_FILES} files in one upload.", "files")
    sizes: dict[str, int] = {}
    for file in told:
        if sizes.setdefault(file.digest, file.size) != file.size:
            raise InvalidArtifact(f"Two files have the digest {file.digest} and different sizes.", "files")
    check(store, _draft(about, told))
    upload = Upload(store, os.urandom(16).hex())
    upload.path.mkdir(parents=True)
    try:
        write_small(upload.path / "upload.json", {**about, "files": told, "created_at": time.time()})
    except InvalidArtifact:
        upload.path.rmdir()
        raise
    return upload


def add_part(upload: Upload, digest: str, offset: int, content: bytes) -> int:
    """Append to a content, exactly at an offset; the size that is there then.

    Raises:
        ArtifactNotFound: there is no such upload.
        InvalidArtifact: no file of the upload has that content, or it is not so long.
        UploadConflict: the content has another size now; nothing was written.
        OSError: it could not be written.
    """
    size = upload.sizes().get(digest)
    if size is None:
        raise InvalidArtifact(f"No file of this upload has the digest {digest[:100]}.", "digest")
    if offset < 0 or offset + len(content) > size:
        raise InvalidArtifact(
            f"The content has {size} bytes; a part at offset {offset} must not reach beyond.", "offset"
        )
    with upload.lock():
        there = upload.received(digest)
        if offset != there:
            raise UploadConflict(f"The content has {there} bytes so far, not {offset}.", there)
        with open(upload.part(digest), "ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.utime(upload.path)
        return there + len(content)


def complete(upload: Upload) -> Version:
    """Make the version; the upload is gone then.

    Raises:
        ArtifactNotFound: there is no such upload.
        UploadConflict: something is missing, or what was sent is not what was told. That content is to be sent again.
        OSError: it could not be written; the upload is as it was.
    """
    store, told = upload.store, upload.told()
    files = upload.files()
    with upload.lock(), store.pool.in_use():
        missing = upload.missing()
        if missing:
            raise UploadConflict(
                f"Of {len(upload.sizes())} contents, {len(missing)} must still be sent; the first is {missing[0]}."
            )
        for digest, size in upload.sizes().items():
            if not store.pool.holds(digest, size):
                _take_in(upload, digest, size)
        draft = _draft(told, files)
        check(store, draft)
        version = make(store, draft, draft.stored)
    shutil.rmtree(upload.path, ignore_errors=True)
    return version


def _take_in(upload: Upload, digest: str, size: int) -> None:
    part = upload.part(digest)
    fd = _os.open_regular(part, follow_links=False)
    try:
        right = os.fstat(fd).st_size == size and ALGORITHM + hash_file(fd) == digest
    finally:
        os.close(fd)
    if not right:
        part.unlink()
        raise UploadConflict(f"What was sent for {digest} has another digest; it was thrown away.", 0)
    upload.store.pool.adopt(part, digest, size)


def _told(file: Mapping[str, Any]) -> Told:
    path, size, digest = file.get("path"), file.get("size"), file.get("digest")
    names.check_path(path)
    if not is_size(size):
        raise InvalidArtifact(f"The size of {path!r} must be a number of bytes.", "files")
    if not is_digest(digest):
        raise InvalidArtifact(f"The digest of {path!r} must be 'sha256:' and 64 hexadecimal digits.", "files")
    return Told(str(path), size, str(digest))


def _draft(about: Mapping[str, Any], files: list[Told]) -> Draft:
    names.check_paths([file.path for file in files])
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
