"""The verbs of uploads: versions that come from another machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifacts import services
from artifacts.errors import answered
from artifacts.index import discovery
from artifacts.models import Version
from runicorn.artifacts import store, uploads
from runs.active_root import active_root


def begin(
    *, about: Mapping[str, Any], files: list[Mapping[str, Any]], total: int | None
) -> tuple[uploads.Upload, list[str]]:
    """Begin a version that comes from another machine; the upload, and what is to be sent of the files declared with it.

    Raises:
        Refused: it could never be one.
        ReadOnlyStore, NotWritten: nothing was written.
    """
    with answered():
        upload, declared = uploads.begin(store.Store(Path(active_root().path)), about, files, total)
        return upload, upload.missing(declared)


def tell_files(*, upload: uploads.Upload, files: list[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Tell of further files of an upload; how many it has then, and what is to be sent of these.

    Raises:
        NotFound: there is no such upload.
        Refused: with them it could never be a version.
        ReadOnlyStore, NotWritten: nothing was written.
    """
    with answered():
        declared = uploads.declare(upload, files)
        return len(upload.listed().files), upload.missing(declared)


def state_of(*, upload: uploads.Upload) -> dict[str, Any]:
    """How far an upload is.

    Raises:
        NotFound: there is no such upload.
    """
    with answered():
        about, listed = upload.declared(), upload.listed()
    return {
        "upload_id": upload.id,
        "told_files": len(listed.files),
        "total_files": about.get("total_files"),
        "missing": upload.missing(listed.files),
    }


def upload_of(upload_id: str) -> uploads.Upload:
    """An upload of the active root; whether it is there shows when it is asked."""
    return uploads.Upload(store.Store(Path(active_root().path)), upload_id)


def add_part(*, upload: uploads.Upload, digest: str, offset: int, content: bytes) -> int:
    """Append to a content of an upload; the bytes that are there then.

    Raises:
        NotFound: there is no such upload.
        Refused: the upload has no such content, or not so long a one.
        Conflict: the content has another size now.
        ReadOnlyStore, NotWritten: nothing was written.
    """
    with answered():
        return uploads.add_part(upload, digest, offset, content)


def add_contents(*, upload: uploads.Upload, body: bytes) -> int:
    """Take several whole contents of an upload; how many.

    Raises:
        NotFound: there is no such upload.
        Refused: one of them is not of this upload, or the last is not whole.
        ReadOnlyStore, NotWritten: something was not written.
    """
    with answered():
        return uploads.add_contents(upload, body)


def complete(*, upload: uploads.Upload) -> Version:
    """Make the version of an upload.

    Raises:
        NotFound: there is no such upload.
        Conflict: something is missing, or is not what was declared.
        ReadOnlyStore, NotWritten: the upload is as it was.
    """
    with answered():
        made = uploads.complete(upload)
    root = active_root()
    discovery.refresh(root, made.artifact)
    return services.get_version(made.artifact.name, made.number, made.artifact.type)
