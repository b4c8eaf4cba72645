"""Receive versions from other hosts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from artifacts.errors import http_errors
from artifacts.index import discovery
from artifacts.models import File, Version
from artifacts.services.lookup import get_version
from runicorn.api.responses.artifacts import UploadStatus
from runicorn.artifacts import store, uploads
from runicorn_site.web.readable import current
from runs.active_root import active_root

BATCH = 500
"""Digests per query."""


def begin(
    *, fields: Mapping[str, Any], files: list[Mapping[str, Any]], total: int | None
) -> tuple[uploads.Upload, list[str]]:
    """Start an upload, and return it with the digests of the contents to be sent.

    Raises:
        InvalidValue: the version would be invalid.
    """
    with http_errors():
        upload, described = uploads.begin(store.Store(Path(active_root().path)), fields, files, total)
        upload.withheld = unreadable
        return upload, upload.missing(described)


def add_files(*, upload: uploads.Upload, files: list[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Describe further files of an upload; return the count of its files and the digests to be sent of these.

    Raises:
        InvalidValue: the version would be invalid with them.
    """
    with http_errors():
        described = uploads.declare(upload, files)
        return len(upload.declared_files().files), upload.missing(described)


def upload_status(*, upload: uploads.Upload) -> UploadStatus:
    with http_errors():
        about, files = upload.declared(), upload.declared_files()
        missing = upload.missing(files.files)
    return {
        "upload_id": upload.id,
        "described_files": len(files.files),
        "total_files": about.get("total_files"),
        "missing": missing,
    }


def get_upload(upload_id: str) -> uploads.Upload:
    """Return an upload of the active root, without checking that it exists."""
    upload = uploads.Upload(store.Store(Path(active_root().path)), upload_id)
    upload.withheld = unreadable
    return upload


def unreadable(digests: Collection[str]) -> set[str]:
    """Return those contents that are in no version that the sender of the request may read; none if nothing is hidden."""
    if current().is_everything:
        return set()
    every, readable = list(digests), set[str]()
    files = File.objects.filter(version__in=Version.objects.indexed().filter(artifact__root=active_root()))
    for start in range(0, len(every), BATCH):
        readable_files = files.filter(digest__in=every[start : start + BATCH])
        readable.update(readable_files.values_list("digest", flat=True).distinct())
    return {*every} - readable


def add_part(*, upload: uploads.Upload, digest: str, offset: int, content: bytes) -> int:
    """Append to a content of an upload, and return its new size in bytes.

    Raises:
        InvalidValue: the upload has no such content, or the part exceeds it.
        Conflict: the content has another size now.
    """
    with http_errors():
        return uploads.add_part(upload, digest, offset, content)


def add_contents(*, upload: uploads.Upload, body: bytes) -> int:
    """Store several complete contents of an upload, and return how many.

    Raises:
        InvalidValue: a content is not part of this upload, or the last one is incomplete.
    """
    with http_errors():
        return uploads.add_contents(upload, body)


def complete(*, upload: uploads.Upload) -> Version:
    """Create the version of an upload.

    Raises:
        Conflict: a content is missing, or does not match its description.
        ReadOnlyStore, NotWritten, Unavailable: the upload is unchanged.
    """
    with http_errors():
        version = uploads.complete(upload)
    root = active_root()
    discovery.refresh(root, version.artifact)
    return get_version(version.artifact.name, version.number, version.artifact.type)
