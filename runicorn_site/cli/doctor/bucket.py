"""Checks of the bucket with the contents of artifacts."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from runicorn.artifacts.errors import BadPool, PoolUnavailable
from runicorn.artifacts.s3.binding import FILE, POOL, bind, bound_to
from runicorn.artifacts.s3.bucket import Bucket
from runicorn.artifacts.s3.client import DENIED
from runicorn.artifacts.s3.connection import Exists
from runicorn.artifacts.store import ARTIFACTS
from runicorn.settings import user
from runicorn_site.cli.doctor.checks import Finding, Level
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, PERMISSION, USAGE

CLOCK_SECONDS = 60.0
"""Difference from the clock of the bucket that is reported; from 15 minutes on every request is denied."""


def run_all(root: Path) -> Iterator[Finding]:
    """Yield the findings about the bucket that the environment names; none without a bucket.

    The first problem ends the checks. They write an object `.doctor-…` and remove it.
    """
    url, bound = user.get(POOL), bound_to(root / ARTIFACTS)
    if not url:
        if bound:
            text = f"contents of the store are in {bound}: set {POOL} and the variables of AWS to read them"
            yield Finding("Bucket", text, Level.WARNING)
        return
    try:
        bucket = bind(root, root / ARTIFACTS, url, dry_run=True)
        yield Finding("Bucket", f"{bucket.url} answers at {bucket.endpoint}")
        yield _owner(root, bound)
        yield from _operations(bucket)
    except BadPool as error:
        yield Finding("Bucket", str(error), Level.PROBLEM, USAGE)
    except PoolUnavailable as error:
        code = (
            PERMISSION if error.code in DENIED else USAGE if error.code == "NoSuchBucket" else NOT_AVAILABLE
        )
        yield Finding("Bucket", str(error), Level.PROBLEM, code)


def _owner(root: Path, bound: str | None) -> Finding:
    if bound:
        return Finding("Bucket: store", f"has the contents of {root}, by {FILE}")
    return Finding("Bucket: store", "unused; the first viewer with it binds it to its store", Level.NOTE)


def _operations(bucket: Bucket) -> Iterator[Finding]:
    trial = _Trial(bucket)
    steps: list[tuple[str, str, Callable[[], Finding]]] = [
        ("list", "s3:ListBucket", trial.list),
        ("write", "s3:PutObject", trial.write),
        ("read", "s3:GetObject", trial.read),
        ("condition", "s3:PutObject", trial.write_again),
        ("parts", "s3:PutObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads", trial.parts),
        ("delete", "s3:DeleteObject", trial.delete),
        ("clock", "", trial.clock),
    ]
    try:
        for name, rights, run in steps:
            try:
                yield run()
            except PoolUnavailable as error:
                needed = f" Needed: {rights}." if error.code in DENIED else ""
                code = PERMISSION if needed else FAILED
                yield Finding(f"Bucket: {name}", f"{error}{needed}", Level.PROBLEM, code)
    finally:
        with suppress(PoolUnavailable):
            trial.delete()


class _Trial:
    """The operations that a server needs, with an object of its own."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._content = os.urandom(64)
        self._object_params = {"Key": f"{bucket.prefix}.doctor-{os.urandom(8).hex()}"}
        self._ahead = 0.0

    def list(self) -> Finding:
        answer = self._bucket.call("list_objects_v2", Prefix=self._bucket.prefix, MaxKeys=1)
        stated = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        self._ahead = time.time() - parsedate_to_datetime(stated).timestamp() if stated else 0.0
        return Finding("Bucket: list", "permitted")

    def write(self) -> Finding:
        checksum = base64.b64encode(hashlib.sha256(self._content).digest()).decode()
        answer = self._put_object(ChecksumSHA256=checksum)
        if answer.get("ChecksumSHA256") == checksum:
            return Finding("Bucket: write", "permitted; the bucket computes SHA-256")
        text = "permitted; without checksums of the bucket, move-artifacts reads back what it has written"
        return Finding("Bucket: write", text, Level.NOTE)

    def read(self) -> Finding:
        body = self._bucket.call("get_object", **self._object_params)["Body"]
        if self._bucket.explain(body.read) == self._content:
            return Finding("Bucket: read", "permitted")
        text = "returns other bytes than were written: use another bucket or server"
        return Finding("Bucket: read", text, Level.PROBLEM, FAILED)

    def write_again(self) -> Finding:
        try:
            self._put_object()
        except Exists:
            return Finding("Bucket: condition", "an existing object is not written again (If-None-Match)")
        text = "If-None-Match is ignored: contents are replaced by the same bytes; never use the prefix for two stores"
        return Finding("Bucket: condition", text, Level.WARNING)

    def parts(self) -> Finding:
        upload = self._bucket.call("create_multipart_upload", **self._object_params)["UploadId"]
        upload_params = {**self._object_params, "UploadId": upload}
        try:
            self._bucket.call("upload_part", PartNumber=1, Body=self._content, **upload_params)
            self._bucket.call("list_multipart_uploads", Prefix=self._object_params["Key"])
        finally:
            self._bucket.call("abort_multipart_upload", **upload_params)
        return Finding("Bucket: parts", "permitted")

    def delete(self) -> Finding:
        self._bucket.call("delete_object", **self._object_params)
        return Finding("Bucket: delete", "permitted")

    def clock(self) -> Finding:
        if abs(self._ahead) > CLOCK_SECONDS:
            text = f"this machine is {self._ahead:+.0f} s off: set its clock; at 15 minutes access is denied"
            return Finding("Bucket: clock", text, Level.WARNING)
        return Finding("Bucket: clock", f"this machine is {self._ahead:+.0f} s off")

    def _put_object(self, **more: str) -> Any:
        return self._bucket.call(
            "put_object", Body=self._content, IfNoneMatch="*", **self._object_params, **more
        )
