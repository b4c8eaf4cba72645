"""Download files of versions, complete or in ranges, in constant memory; damaged files are never complete.

A whole file is compared with its digest while it is sent; on a mismatch the last block is not sent and the connection
is aborted, so that the client has no complete response. A range cannot be verified alone: its file is read once before,
and again after its time, size or inode changed. Ranges of large files in a bucket are sent as the bucket returns them.

With `RUNICORN_PRESIGNED_DOWNLOADS=yes` files in a bucket are downloaded from there: the response is a redirect.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.errors import NotFound, http_errors
from artifacts.models import Version
from runicorn._platform import read_at
from runicorn.artifacts import names, store, verify
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.manifest import FileEntry
from runicorn.settings import user as own
from runicorn_site.web.files import OpenFile
from runicorn_site.web.responses import attachment
from runicorn_site.web.streaming import file_answer, range_refused, requested_range

if TYPE_CHECKING:
    from runicorn.artifacts.s3.place import BucketPlace

BINARY = "application/octet-stream"
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


def beginning(version: Version, entry: FileEntry, length: int) -> bytes:
    """Return the first bytes of a verified file; of a large one in a bucket they are not verified.

    Raises:
        Damaged: the stored contents are damaged.
        Unavailable: the bucket of the store cannot be used.
    """
    count = min(length, entry.size)
    with http_errors():
        place = verify.in_bucket(version.on_disk, entry)
        if place is not None and entry.size > SMALL:
            return b"".join(place.blocks(0, count - 1))
        file = OpenFile(_verified_path(version.on_disk, entry)) if place is None else _spooled(place)
        return read_at(file.fd, count, 0)


def file_of_version(
    request: HttpRequest | Request, version: Version, path: str, *, may_redirect: bool = True
) -> HttpResponseBase:
    """Respond with a file as an attachment, with its digest as `ETag`; a `Range` is honoured unless `If-Range` names another.

    With `may_redirect` the response may be a redirect to the bucket, unless the bucket would answer otherwise: its links are
    for GET only, and not all buckets know `If-Range`.

    Raises:
        NotFound: the version has no such file.
        Damaged: the stored contents are damaged.
        Unavailable: the bucket of the store cannot be used.
    """
    entry = entry_of(version, path)
    tag = f'"{entry.digest}"'
    etags = request.headers.get("If-None-Match", "")
    if tag in etags or etags.strip() == "*":
        return Response(status=304, headers={"ETag": tag})
    has_range = "Range" in request.headers and request.headers.get("If-Range", tag) == tag
    may_redirect &= request.method == "GET" and has_range == ("Range" in request.headers)
    with http_errors():
        try:
            answer = _answer(request, version.on_disk, entry, has_range, may_redirect)
        except DamagedFile:  # unless it has just been moved between the folder and the bucket
            answer = _answer(request, version.on_disk, entry, has_range, may_redirect)
    if isinstance(answer, HttpResponseRedirect):
        return answer
    answer["ETag"] = tag
    answer["Accept-Ranges"] = "bytes"
    return attachment(answer, os.path.basename(path))


def _answer(
    request: HttpRequest | Request,
    version: store.Version,
    entry: FileEntry,
    has_range: bool,
    may_redirect: bool,
) -> HttpResponseBase:
    place = verify.in_bucket(version, entry)
    if place is None:
        return _checked(request, version, entry, has_range)
    if may_redirect and own.is_on("RUNICORN_PRESIGNED_DOWNLOADS"):
        return _redirect(place)
    return _from_bucket(request, place, has_range)


def _checked(
    request: HttpRequest | Request, version: store.Version, entry: FileEntry, has_range: bool
) -> HttpResponseBase:
    if has_range or entry.size <= SMALL:
        return file_answer(request, OpenFile(_verified_path(version, entry)), BINARY, is_whole=has_range)
    return _streamed(verify.blocks(verify.first_place(version, entry), entry), entry.size)


def _streamed(blocks: Iterator[bytes], length: int, status: int = 200) -> StreamingHttpResponse:
    headers = {"Content-Length": str(length)}
    return StreamingHttpResponse(blocks, status=status, content_type=BINARY, headers=headers)


def _from_bucket(request: HttpRequest | Request, place: BucketPlace, has_range: bool) -> HttpResponseBase:
    size = place.file.size
    if size <= SMALL:
        return file_answer(request, _spooled(place), BINARY, is_whole=has_range)
    place.require()
    byte_range = requested_range(request.headers.get("Range", ""), size) if has_range else None
    if byte_range is None:
        return _streamed(verify.blocks(place, place.file), size)
    if not byte_range:
        return range_refused(size)
    first, last = byte_range
    answer = _streamed(place.blocks(first, last), last - first + 1, 206)
    answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    return answer


def _spooled(place: BucketPlace) -> OpenFile:
    """Fetch and verify a content; return it as a file without a name."""
    fd, name = tempfile.mkstemp(prefix="runicorn-")
    try:
        with open(fd, "wb") as target:
            for block in verify.blocks(place, place.file):
                target.write(block)
        return OpenFile(Path(name))
    finally:
        with suppress(OSError):  # Windows does not remove an open file
            os.unlink(name)


def _redirect(place: BucketPlace) -> HttpResponseBase:
    place.require()
    answer = HttpResponseRedirect(place.bucket.link(place.file.digest, os.path.basename(place.file.path)))
    answer["Cache-Control"] = "no-store"
    return answer


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
