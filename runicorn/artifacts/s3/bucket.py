"""Contents in a bucket, as `<prefix>/<aa>/<sha256>`.

A content is hashed while it is sent, and each request has the digest of its body, so the stored bytes are the hashed
ones. Content that is there already is not written (`If-None-Match: *`); a server that ignores the condition replaces a
content by the same one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote

from runicorn.artifacts.copying import BLOCK
from runicorn.artifacts.errors import BadPool, DamagedFile, PoolUnavailable
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.artifacts.s3.client import ABSENT, PRESENT, connect, explained

SCHEME = "s3://"
PART = 16 * 1024 * 1024
"""Size from which a content is sent in parts, and that of a part."""
MOST_PARTS = 10_000
SENDERS, ASKERS = 4, 16
"""Threads that send the parts of a content, and that ask for contents."""
REMOVED_AT_ONCE = 1000
NOTE = ".multipart"
"""Name suffix of the file beside a sent file with the id of its multipart upload."""
LINK_SECONDS = 300
_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9!_.*'()-]+)*)/?")


class Stored(NamedTuple):
    """Size in bytes and time of a stored content."""

    size: int
    modified: datetime


class Bucket:
    """The contents below a prefix of a bucket. Thread-safe.

    Attributes:
        url: `s3://bucket/prefix`, without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Raises:
            BadPool: the URL is malformed.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise BadPool("The pool of artifacts must be like s3://bucket/prefix, not {url}", url=repr(url))
        self.url = url.rstrip("/")
        self._name = match[1]
        self._prefix = match[2].lstrip("/") + "/" if match[2] else ""
        self._content = re.compile(re.escape(self._prefix) + r"([0-9a-f]{2})/(\1[0-9a-f]{62})")

    def address(self, digest: str) -> str:
        """Return the URL of a content, for messages."""
        return f"{SCHEME}{self._name}/{self._key(digest)}"

    @cached_property
    def _client(self) -> Any:
        return connect()

    def read_small(self, name: str) -> bytes | None:
        """Return a small object that is not a content; None if it does not exist."""
        try:
            body = self._call("get_object", Key=self._prefix + name)["Body"]
            return bytes(self._explain(body.read))
        except PoolUnavailable as error:
            if error.code in ABSENT:
                return None
            raise

    def create_small(self, name: str, content: bytes) -> None:
        """Create a small object that is not a content, unless it exists."""
        with suppress(_Exists):
            self._call("put_object", Key=self._prefix + name, Body=content, IfNoneMatch="*")

    def stored(self, digest: str) -> Stored | None:
        """Return size and time of a content; None if the bucket does not have it."""
        try:
            answer = self._call("head_object", Key=self._key(digest))
        except PoolUnavailable as error:
            if error.code in ABSENT:
                return None
            raise
        return Stored(answer["ContentLength"], answer["LastModified"])

    def holds(self, digest: str, size: int) -> bool:
        """Return whether the bucket has a content of that size."""
        stored = self.stored(digest)
        return stored is not None and stored.size == size

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """Return the sizes of those contents that the bucket has."""
        wanted = list(dict.fromkeys(digests))
        found = zip(wanted, in_parallel(self.stored, wanted), strict=True)
        return {digest: stored.size for digest, stored in found if stored is not None}

    def put_file(self, path: Path, digest: str, size: int) -> None:
        """Store a file; return when the bucket has it.

        Raises:
            DamagedFile: it has another digest.
            PoolUnavailable: the bucket does not have it; nothing of it is left there.
        """
        with path.open("rb") as file:
            if size <= PART:
                self.put(file.read(), digest)
            else:
                self._put_in_parts(file, digest, size, path.with_name(path.name + NOTE))

    def put(self, content: bytes, digest: str) -> None:
        """Store a content; return when the bucket has it. Raises as `put_file`."""
        hashed = hashlib.sha256(content)
        _check(hashed, digest)
        given: dict[str, Any] = {"Key": self._key(digest), "Body": content, "ChecksumSHA256": _base64(hashed)}
        self._create(digest, len(content), lambda more: self._call("put_object", **given, **more))

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Store contents by their digests; return when the bucket has all of them. Raises as `put_file`."""
        for _ in in_parallel(lambda item: self.put(item[1], item[0]), list(contents.items())):
            pass

    def _create(self, digest: str, size: int, write: Callable[[dict[str, str]], object]) -> bool:
        """Write a content unless the bucket has it; return whether it was written."""
        try:
            write({"IfNoneMatch": "*"})
        except _Exists:
            if self.holds(digest, size):
                return False
            write({})  # it was torn, or has been removed meanwhile
        return True

    def _put_in_parts(self, file: IO[bytes], digest: str, size: int, note: Path) -> None:
        key = self._key(digest)
        self.abort_noted(note, digest)
        upload = self._call("create_multipart_upload", Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
        with ExitStack() as failing:
            failing.callback(self._abort, key, upload)
            note.write_text(upload, encoding="ascii")
            sent = self._send_parts(file, digest, size, {"Key": key, "UploadId": upload})
            given = {"Key": key, "UploadId": upload, "MultipartUpload": {"Parts": sent}}
            if self._create(
                digest, size, lambda more: self._call("complete_multipart_upload", **given, **more)
            ):
                failing.pop_all()
        note.unlink(missing_ok=True)

    def _send_parts(
        self, file: IO[bytes], digest: str, size: int, upload: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Send a file in parts while it is hashed; return what names them."""
        hashed, futures = hashlib.sha256(), list[Future[dict[str, Any]]]()
        length = max(PART, -(-size // MOST_PARTS))
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="runicorn-s3") as senders:
            while part := file.read(length):
                hashed.update(part)
                if len(futures) >= SENDERS:  # as many parts are in memory
                    futures[-SENDERS].result()
                futures.append(senders.submit(self._send_part, part, len(futures) + 1, upload))
            sent = [future.result() for future in futures]
        _check(hashed, digest)
        return sent

    def _send_part(self, part: bytes, number: int, upload: Mapping[str, str]) -> dict[str, Any]:
        checksum = _base64(hashlib.sha256(part))
        answer = self._call("upload_part", Body=part, PartNumber=number, ChecksumSHA256=checksum, **upload)
        sent = {"PartNumber": number, "ETag": answer["ETag"]}
        # A server that does not know checksums must not be sent them again.
        return sent | ({"ChecksumSHA256": checksum} if "ChecksumSHA256" in answer else {})

    def abort_noted(self, note: Path, digest: str) -> None:
        """Abort the multipart upload of a killed process, which it noted beside the sent file."""
        with suppress(FileNotFoundError):
            self._abort(self._key(digest), note.read_text(encoding="ascii"))
            note.unlink()

    def abort_older(self, seconds: float) -> int:
        """Abort the multipart uploads that began so long ago; return their number."""
        limit, pages = datetime.now(UTC) - timedelta(seconds=seconds), self._pages("list_multipart_uploads")
        uploads = [upload for page in pages for upload in page.get("Uploads", ())]
        old = [each for each in uploads if each["Initiated"] < limit and self._content.fullmatch(each["Key"])]
        for upload in old:
            self._abort(upload["Key"], upload["UploadId"])
        return len(old)

    def _abort(self, key: str, upload: str) -> None:
        # While the bucket cannot be reached it stays, and is found by its age.
        with suppress(PoolUnavailable):
            self._call("abort_multipart_upload", Key=key, UploadId=upload)

    def blocks(self, digest: str, first: int = 0, last: int | None = None) -> Generator[bytes]:
        """Yield a content in blocks, or its bytes from `first` to `last`. They are not verified."""
        wanted = (
            {} if first == 0 and last is None else {"Range": f"bytes={first}-{'' if last is None else last}"}
        )
        try:
            body = self._call("get_object", Key=self._key(digest), **wanted)["Body"]
        except PoolUnavailable as error:
            if error.code in ABSENT:
                raise FileNotFoundError(f"{self.url} does not have {digest}") from error
            raise
        with closing(body):
            while block := self._explain(lambda: body.read(BLOCK)):
                yield block

    def contents(self) -> Iterator[tuple[str, int]]:
        """Yield digest and size of every content."""
        for page in self._pages("list_objects_v2"):
            for entry in page.get("Contents", ()):
                if match := self._content.fullmatch(entry["Key"]):
                    yield ALGORITHM + match[2], entry["Size"]

    def remove(self, digests: Iterable[str]) -> None:
        """Remove contents; those that do not exist are ignored."""
        keys = [{"Key": self._key(digest)} for digest in digests]
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            some = {"Objects": keys[start : start + REMOVED_AT_ONCE], "Quiet": True}
            left = self._call("delete_objects", Delete=some).get("Errors")
            if left:
                code = left[0].get("Code", "")
                raise PoolUnavailable(
                    "{url} did not remove {key} ({code}).", code, url=self.url, key=left[0].get("Key")
                )

    def link(self, digest: str, name: str) -> str:
        """Return a URL that downloads a content as a file of that name within `LINK_SECONDS`."""
        given = {
            "Bucket": self._name,
            "Key": self._key(digest),
            "ResponseContentType": "application/octet-stream",
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        signed = self._explain(
            lambda: self._client.generate_presigned_url("get_object", Params=given, ExpiresIn=LINK_SECONDS)
        )
        return str(signed)

    def _key(self, digest: str) -> str:
        name = digest.removeprefix(ALGORITHM)
        return f"{self._prefix}{name[:2]}/{name}"

    def _pages(self, operation: str) -> Iterator[dict[str, Any]]:
        pages = iter(self._client.get_paginator(operation).paginate(Bucket=self._name, Prefix=self._prefix))
        while (page := self._explain(lambda: next(pages, None))) is not None:
            yield page

    def _call(self, operation: str, **given: Any) -> Any:
        return self._explain(lambda: getattr(self._client, operation)(Bucket=self._name, **given))

    def _explain(self, call: Callable[[], Any]) -> Any:
        """Return the result of a call."""
        client = self._client
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            found = explained(error, self.url, client)
            raise (_Exists(str(found)) if found.code in PRESENT else found) from error


class _Exists(Exception):
    """An object of that name exists, or is being written."""


def in_parallel(ask: Callable[[Any], Any], items: list[Any]) -> Iterator[Any]:
    """Yield the result for each item, in order; requests run at the same time."""
    if items:
        with ThreadPoolExecutor(min(ASKERS, len(items)), thread_name_prefix="runicorn-s3") as askers:
            yield from askers.map(ask, items)


def _base64(hashed: Any) -> str:
    return base64.b64encode(hashed.digest()).decode("ascii")


def _check(hashed: Any, digest: str) -> None:
    if hashed.hexdigest() != digest.removeprefix(ALGORITHM):
        raise DamagedFile("{digest} changed while it was sent to the bucket.", digest=digest)
