"""Contents in a bucket, as `<prefix>/<aa>/<sha256>`.

A content is hashed while it is sent, and each request has the digest of its body, so the stored bytes are the hashed
ones. Content that is there already is not written (`If-None-Match: *`); a server that ignores the condition replaces a
content by the same one. Every object has its digest as metadata. An object without it was written by another program: it
is read as the content of its name, but replaced by the next content with this digest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import quote

from runicorn import _platform
from runicorn.artifacts.copying import BLOCK
from runicorn.artifacts.errors import DamagedFile, PoolUnavailable
from runicorn.artifacts.manifest import ALGORITHM
from runicorn.artifacts.s3.client import ABSENT, SILENT
from runicorn.artifacts.s3.connection import Connection, Exists
from runicorn.store.progress import NO_PROGRESS, Progress

SCHEME = "s3://"
PART = 16 * 1024 * 1024
"""Size from which a content is sent in parts, and that of a part."""
MOST_PARTS = 10_000
SENDERS, ASKERS = 4, 16
"""Threads that send the parts of a content, and that ask for contents."""
REMOVED_AT_ONCE = 1000
NOTE = ".multipart"
"""Name suffix of the file beside a sent file with the id of its multipart upload."""
MARK = "sha256"
"""Name of the metadata with the digest."""
LINK_SECONDS = 300


class Stored(NamedTuple):
    """A stored content.

    Attributes:
        size: size in bytes.
        is_ours: whether this program has written it, by its metadata or checksum; its bytes may still be damaged.
    """

    size: int
    modified: datetime
    is_ours: bool


class Unfinished(NamedTuple):
    """An upload in parts that was neither completed nor aborted."""

    key: str
    upload: str


class Bucket(Connection):
    """The contents below a prefix of a bucket. Thread-safe."""

    @cached_property
    def _content(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.prefix) + r"([0-9a-f]{2})/(\1[0-9a-f]{62})")

    def address(self, digest: str) -> str:
        """Return the URL of a content, for messages."""
        return f"{SCHEME}{self.name}/{self._key(digest)}"

    def read_small(self, name: str) -> bytes | None:
        """Return a small object that is not a content; None if it does not exist."""
        try:
            body = self.call("get_object", Key=self.prefix + name)["Body"]
            return bytes(self.explain(body.read))
        except PoolUnavailable as error:
            if error.code in ABSENT:
                return None
            raise

    def create_small(self, name: str, content: bytes) -> None:
        """Create a small object that is not a content, unless it exists."""
        with suppress(Exists):
            self.call("put_object", Key=self.prefix + name, Body=content, IfNoneMatch="*")

    def delete_small(self, name: str) -> None:
        """Remove a small object that is not a content."""
        self.call("delete_object", Key=self.prefix + name)

    def stored(self, digest: str) -> Stored | None:
        """Return the bucket's metadata of a content; None if it does not have it."""
        try:
            answer = self.call("head_object", Key=self._key(digest), ChecksumMode="ENABLED")
        except PoolUnavailable as error:
            if error.code in ABSENT:
                return None
            raise
        return Stored(answer["ContentLength"], answer["LastModified"], _is_ours(answer, digest))

    def holds(self, digest: str, size: int) -> bool:
        """Return whether the bucket has a content of that size that this program has written."""
        return not self.lacking({digest: size})

    def lacking(self, sizes: Mapping[str, int]) -> list[str]:
        """Return the digests of those contents that `holds` denies, given their sizes."""
        stored_files = self._stored_by_digest(sizes)
        return [
            digest
            for digest, size in sizes.items()
            if digest not in stored_files
            or stored_files[digest].size != size
            or not stored_files[digest].is_ours
        ]

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """Return the sizes of those contents that the bucket has."""
        return {digest: stored.size for digest, stored in self._stored_by_digest(digests).items()}

    def _stored_by_digest(self, digests: Iterable[str]) -> dict[str, Stored]:
        unique = list(dict.fromkeys(digests))
        pairs = zip(unique, in_parallel(self.stored, unique))
        return {digest: stored for digest, stored in pairs if stored is not None}

    def put_file(
        self,
        path: Path,
        digest: str,
        size: int,
        *,
        note: Path | None = None,
        replace: bool = False,
        progress: Progress = NO_PROGRESS,
    ) -> bool:
        """Store a file; return when the bucket has it.

        Args:
            note: the file that notes an upload in parts until it is complete; by default one beside `path`.
            replace: write it even if the bucket has it.

        Returns:
            Whether the bucket has computed the digest of what it has stored. It has not if it had the content before, and
            not every server does.

        Raises:
            DamagedFile: it has another digest.
            PoolUnavailable: the bucket does not have it; nothing of it is left there.
            OSError: it cannot be read, or is a link.
        """
        with open(_platform.open_regular(path, follow_links=False), "rb") as file:
            if size > PART:
                noted = note or path.with_name(path.name + NOTE)
                return self._put_in_parts(file, digest, size, noted, replace, progress)
            content = file.read(PART + 1)
        progress.advance(len(content))
        return self.put(content, digest, replace=replace)

    def put(self, content: bytes, digest: str, *, replace: bool = False) -> bool:
        """Store a content; return when the bucket has it. See `put_file`."""
        hashed = hashlib.sha256(content)
        _check(hashed, digest)
        checksum = _base64(hashed)
        params: dict[str, Any] = {"Body": content, "ChecksumSHA256": checksum, **self._object_params(digest)}
        answer = self._create(digest, len(content), partial(self.call, "put_object", **params), replace)
        return bool(answer.get("ChecksumSHA256") == checksum)

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Store contents by their digests; return when the bucket has all of them. Raises as `put_file`."""
        for _ in in_parallel(lambda item: self.put(item[1], item[0]), list(contents.items())):
            pass

    def _create(
        self, digest: str, size: int, write: Callable[..., dict[str, Any]], replace: bool
    ) -> dict[str, Any]:
        """Write a content unless the bucket has it; return the answer, {} if it was not written."""
        try:
            return write() if replace else write(IfNoneMatch="*")
        except Exists:
            if self.holds(digest, size):
                return {}
            return write()  # it was torn or written by another program, or has been removed meanwhile
        except PoolUnavailable as error:
            # botocore has repeated a completion whose answer was lost.
            if error.code != "NoSuchUpload" or not self.holds(digest, size):
                raise
            return {}

    def _put_in_parts(
        self, file: IO[bytes], digest: str, size: int, note: Path, replace: bool, progress: Progress
    ) -> bool:
        object_params = self._object_params(digest)
        self.abort_noted(note, digest)
        upload = self.call("create_multipart_upload", ChecksumAlgorithm="SHA256", **object_params)["UploadId"]
        with ExitStack() as failing:
            failing.callback(self._abort, object_params["Key"], upload)
            note.write_text(upload, encoding="ascii")
            upload_params = {"Key": object_params["Key"], "UploadId": upload}
            try:
                part_entries, checksum = self._send_parts(file, digest, size, upload_params, progress)
                complete = partial(
                    self.call,
                    "complete_multipart_upload",
                    MultipartUpload={"Parts": part_entries},
                    **upload_params,
                )
                answer = self._create(digest, size, complete, replace)
            except PoolUnavailable as error:
                if error.code == SILENT:
                    failing.pop_all()  # it would not answer either; the note is for the next attempt
                raise
            if answer:
                failing.pop_all()
        note.unlink(missing_ok=True)
        return bool(answer.get("ChecksumSHA256") == checksum)

    def _send_parts(
        self, file: IO[bytes], digest: str, size: int, upload: Mapping[str, str], progress: Progress
    ) -> tuple[list[dict[str, Any]], str]:
        """Send a file in parts while it is hashed; return what names them, and the checksum of their checksums."""
        hashed, futures = hashlib.sha256(), list[Future[tuple[dict[str, Any], bytes]]]()
        length = max(PART, -(-size // MOST_PARTS))
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="runicorn-s3") as senders:
            while part := file.read(length):
                hashed.update(part)
                if len(futures) >= SENDERS:  # as many parts are in memory
                    futures[-SENDERS].result()
                futures.append(senders.submit(self._send_part, part, len(futures) + 1, upload))
                progress.advance(len(part))
            part_entries = [future.result() for future in futures]
        _check(hashed, digest)
        checksum = _base64(hashlib.sha256(b"".join(hashed_part for _, hashed_part in part_entries)))
        return [part_entry for part_entry, _ in part_entries], f"{checksum}-{len(part_entries)}"

    def _send_part(self, part: bytes, number: int, upload: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
        hashed = hashlib.sha256(part)
        checksum = _base64(hashed)
        answer = self.call("upload_part", Body=part, PartNumber=number, ChecksumSHA256=checksum, **upload)
        part_entries = {"PartNumber": number, "ETag": answer["ETag"]}
        # A server that does not know checksums must not be sent them again.
        return part_entries | (
            {"ChecksumSHA256": checksum} if "ChecksumSHA256" in answer else {}
        ), hashed.digest()

    def abort_noted(self, note: Path, digest: str) -> None:
        """Abort the multipart upload of a killed process, which it noted beside the sent file."""
        with suppress(FileNotFoundError):
            self._abort(self._key(digest), note.read_text(encoding="ascii"))
            note.unlink()

    def unfinished(self, seconds: float = 0) -> list[Unfinished]:
        """Return the multipart uploads of contents that began at least so long ago."""
        limit, pages = (
            datetime.now(timezone.utc) - timedelta(seconds=seconds),
            self.pages("list_multipart_uploads"),
        )
        return [
            Unfinished(upload["Key"], upload["UploadId"])
            for page in pages
            for upload in page.get("Uploads", ())
            if upload["Initiated"] < limit and self._content.fullmatch(upload["Key"])
        ]

    def abort(self, uploads: Iterable[Unfinished]) -> None:
        """Abort multipart uploads."""
        for upload in uploads:
            self._abort(*upload)

    def _abort(self, key: str, upload: str) -> None:
        try:
            self.call("abort_multipart_upload", Key=key, UploadId=upload)
        except PoolUnavailable as error:  # it stays, and is found by its age
            if error.code == SILENT:
                raise

    def blocks(self, digest: str, first: int = 0, last: int | None = None) -> Generator[bytes]:
        """Yield a content in blocks, or its bytes from `first` to `last`. They are not verified.

        Raises:
            FileNotFoundError: the bucket does not have it.
        """
        offset = first
        while True:
            before, body = offset, self._body(digest, offset, last)
            try:
                with closing(body):
                    while block := self.explain(partial(body.read, BLOCK)):
                        offset += len(block)
                        yield block
                return
            except PoolUnavailable:  # botocore repeats requests, but does not continue their bodies
                if offset == before:
                    raise

    def _body(self, digest: str, first: int, last: int | None) -> Any:
        end = "" if last is None else last
        byte_range = {} if first == 0 and last is None else {"Range": f"bytes={first}-{end}"}
        try:
            return self.call("get_object", Key=self._key(digest), **byte_range)["Body"]
        except PoolUnavailable as error:
            if error.code in ABSENT:
                raise FileNotFoundError(f"{self.url} does not have {digest}") from error
            raise

    def contents(self) -> Iterator[tuple[str, int]]:
        """Yield digest and size of every content."""
        for page in self.pages("list_objects_v2"):
            for entry in page.get("Contents", ()):
                if match := self._content.fullmatch(entry["Key"]):
                    yield ALGORITHM + match[2], entry["Size"]

    def remove(self, digests: Iterable[str]) -> None:
        """Remove contents; those that do not exist are ignored."""
        keys = [{"Key": self._key(digest)} for digest in digests]
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            some = {"Objects": keys[start : start + REMOVED_AT_ONCE], "Quiet": True}
            errors = self.call("delete_objects", Delete=some).get("Errors")
            if errors:
                code = errors[0].get("Code", "")
                raise PoolUnavailable(
                    "{url} did not remove {key} ({code}).", code, url=self.url, key=errors[0].get("Key")
                )

    def link(self, digest: str, name: str) -> str:
        """Return a URL that downloads a content as a file of that name within `LINK_SECONDS`."""
        params = {
            "Bucket": self.name,
            "Key": self._key(digest),
            "ResponseContentType": "application/octet-stream",
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        signed = self.explain(
            lambda: self.client.generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)
        )
        return str(signed)

    def _key(self, digest: str) -> str:
        name = digest.removeprefix(ALGORITHM)
        return f"{self.prefix}{name[:2]}/{name}"

    def _object_params(self, digest: str) -> dict[str, Any]:
        return {"Key": self._key(digest), "Metadata": {MARK: digest.removeprefix(ALGORITHM)}}


def in_parallel(ask: Callable[[Any], Any], items: list[Any], threads: int = ASKERS) -> Iterator[Any]:
    """Yield the result for each item, in order; requests run at the same time. After an error no others begin."""
    errors: list[OSError] = []

    def ask_unless_failed(item: Any) -> Any:
        if errors:
            raise errors[0]
        try:
            return ask(item)
        except OSError as error:  # as `PoolUnavailable`
            errors.append(error)
            raise

    if items:
        with ThreadPoolExecutor(min(threads, len(items)), thread_name_prefix="runicorn-s3") as askers:
            yield from askers.map(ask_unless_failed, items)


def _is_ours(answer: Mapping[str, Any], digest: str) -> bool:
    """Return whether the metadata or the checksum of an object have the digest; that of one in parts is of its parts."""
    name = digest.removeprefix(ALGORITHM)
    checksum = base64.b64encode(bytes.fromhex(name)).decode("ascii")
    return name == answer.get("Metadata", {}).get(MARK) or checksum == answer.get("ChecksumSHA256")


def _base64(hashed: Any) -> str:
    return base64.b64encode(hashed.digest()).decode("ascii")


def _check(hashed: Any, digest: str) -> None:
    if hashed.hexdigest() != digest.removeprefix(ALGORITHM):
        raise DamagedFile("{digest} changed while it was sent to the bucket.", digest=digest)
