"""Download files of versions, complete or in ranges, in constant memory; damaged files are never complete.

A whole file is compared with its digest while it is sent; on a mismatch the last block is not sent and the connection
is aborted, so that the client has no complete response. A range cannot be verified alone: its file is read once before,
and again after its time, size or inode changed.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.errors import NotFound, http_errors
from artifacts.models import Version
from runicorn.artifacts import names, store, verify
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.manifest import FileEntry
from runicorn_site.web.attachments import attachment
from runicorn_site.web.files import OpenFile
from runicorn_site.web.streaming import file_answer

SMALL = 16 * 1024 * 1024
"""Bytes of a file that is verified before the response begins, so that an error has a status code."""
REMEMBERED = 10_000
_good: OrderedDict[tuple[str, int, int, int, int], str] = OrderedDict()
_lock = threading.Lock()


def entry_of(version: Version, path: str) -> FileEntry:
    """Return the manifest entry of a file.

    Raises:
        NotFound: the version has no such file.
    """
    try:
        names.check_path(path)
    except ArtifactError as error:
        raise NotFound("{version} has no such file", version=version) from error
    row = version.files.filter(path=path).first()
    if row is None:
        raise NotFound("{version} has no file {path}", version=version, path=path)
    return FileEntry(row.path, row.size, row.digest, row.modified)


def open_verified(version: Version, entry: FileEntry) -> OpenFile:
    """Open a verified file, reading it once if it has changed since the last verification.

    Raises:
        Damaged: the stored contents are damaged.
    """
    with http_errors():
        return OpenFile(_verified_path(version.on_disk, entry))


def file_of_version(request: HttpRequest | Request, version: Version, path: str) -> HttpResponseBase:
    """Respond with a file as an attachment, with its digest as `ETag`; a `Range` is honoured unless `If-Range` names another.

    Raises:
        NotFound: the version has no such file.
        Damaged: the stored contents are damaged.
    """
    entry = entry_of(version, path)
    tag = f'"{entry.digest}"'
    known = request.headers.get("If-None-Match", "")
    if tag in known or known.strip() == "*":
        return Response(status=304, headers={"ETag": tag})
    ranged = "Range" in request.headers and request.headers.get("If-Range", tag) == tag
    answer = _checked(request, version.on_disk, entry, ranged)
    answer["ETag"] = tag
    answer["Accept-Ranges"] = "bytes"
    return attachment(answer, os.path.basename(path))


def _checked(
    request: HttpRequest | Request, version: store.Version, entry: FileEntry, ranged: bool
) -> HttpResponseBase:
    with http_errors():
        if ranged or entry.size <= SMALL:
            return file_answer(
                request, OpenFile(_verified_path(version, entry)), "application/octet-stream", whole=ranged
            )
        place = verify.first_place(version, entry)
    headers = {"Content-Length": str(entry.size)}
    blocks = verify.blocks(place, entry)
    return StreamingHttpResponse(blocks, content_type="application/octet-stream", headers=headers)


def _verified_path(version: store.Version, entry: FileEntry) -> Path:
    """Return the path of a verified copy of the content, reading it once if it has changed."""
    for path in verify.places(version, entry):
        mark = _mark(path)
        if mark is not None and _good.get(mark) == entry.digest:
            return path
    path = verify.intact_place(version, entry)
    mark = _mark(path)
    if mark is not None:
        with _lock:
            _good[mark] = entry.digest
            while len(_good) > REMEMBERED:
                _good.popitem(last=False)
    return path


def _mark(path: Path) -> tuple[str, int, int, int, int] | None:
    try:
        about = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return str(path), about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino
