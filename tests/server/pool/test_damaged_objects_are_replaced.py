"""What is damaged in a bucket or on the disk is replaced by the next upload, or read from the intact place."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from runicorn.artifacts.s3.bucket import PART, Bucket
from tests.processes import environment
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab, Upload, content_of, damage, digest_of, downloaded, log, upload

SMALL, LARGE = content_of(5000, 80), content_of(20 * 2**20, 80)


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def findings(lab: Lab) -> list[str]:
    return [finding["path"] for finding in json.loads(lab.command("fsck", "--json").stdout)["findings"]]


def test_an_upload_replaces_objects_that_another_program_has_written(lab: Lab) -> None:
    viewer, s3, files = lab.viewer(), lab.s3.client(), {"small": SMALL, "large": LARGE}
    upload(viewer, "net", files)
    assert Upload(viewer, "net", files).begun.json()["missing"] == []
    for content in files.values():
        s3.put_object(Bucket=BUCKET, Key=lab.key(content), Body=flipped(content))
    assert sorted(findings(lab)) == sorted(f"s3://{BUCKET}/{lab.key(content)}" for content in files.values())
    again = Upload(viewer, "net", files)
    assert sorted(again.begun.json()["missing"]) == sorted(map(digest_of, files.values()))
    again.send(viewer)
    assert again.complete(viewer).status_code == 201
    assert findings(lab) == []
    assert downloaded(viewer, 1, "large") == LARGE


def test_a_damaged_object_that_is_removed_is_brought_back_by_an_upload(lab: Lab) -> None:
    viewer, s3, key = lab.viewer(), lab.s3.client(), lab.key(SMALL)
    upload(viewer, "net", {"small": SMALL})
    mark = s3.head_object(Bucket=BUCKET, Key=key)["Metadata"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=flipped(SMALL), Metadata=mark)
    assert findings(lab) == [f"s3://{BUCKET}/{key}"]
    s3.delete_object(Bucket=BUCKET, Key=key)
    upload(viewer, "net", {"small": SMALL})
    assert findings(lab) == []
    assert downloaded(viewer, 1, "small") == SMALL


def test_an_object_of_the_right_bytes_without_its_metadata_is_read(lab: Lab) -> None:
    viewer, s3 = lab.viewer(), lab.s3.client()
    upload(viewer, "net", {"small": SMALL, "large": LARGE})
    for content in (SMALL, LARGE):
        s3.put_object(Bucket=BUCKET, Key=lab.key(content), Body=content)
    assert downloaded(viewer, 1, "small") == SMALL
    assert viewer.get("/artifacts/model/net/v1/zip").status_code == 200
    assert findings(lab) == []


def test_damage_on_the_disk_is_repaired_from_the_bucket(lab: Lab, tmp_path: Path) -> None:
    version = log(lab.root, tmp_path / "in", {"small": SMALL, "large": LARGE})
    viewer = lab.viewer()
    for path in ("small", "large"):
        damage(version.file_path(path))
    assert viewer.get("/api/artifacts/net/v1/files/small").status_code == 409
    upload(viewer, "other", {"small": SMALL, "large": LARGE})
    assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, (SMALL, LARGE)))
    assert (downloaded(viewer, 1, "small"), downloaded(viewer, 1, "large")) == (SMALL, LARGE)
    checked = json.loads(lab.command("fsck", "--json").stdout)["findings"]
    assert {finding["message"] for finding in checked} == {
        f"{path} of net:v1 is missing or damaged. Another copy in the store is intact."
        for path in ("small", "large")
    }
    verified = lab.command("artifacts", "--action", "verify", "--name", "net", "--version", "1")
    assert verified.stdout == "net:v1 is intact (repaired: large, small)\n"
    assert findings(lab) == []


def test_scripts_read_what_is_damaged_on_the_disk_from_the_bucket(lab: Lab, tmp_path: Path) -> None:
    version = log(lab.root, tmp_path / "in", {"small": SMALL})
    damage(version.file_path("small"))
    upload(lab.viewer(), "other", {"small": SMALL})
    script = (
        "import sys, pathlib; from runicorn.artifacts import Artifact; from runicorn.artifacts.store import Store;"
        "Artifact.of(Store(pathlib.Path(sys.argv[1])).find('net').version(1)).download(sys.argv[2])"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, str(lab.root), str(tmp_path / "down")],
        env=environment(lab.home, **lab.environment),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "down" / "small").read_bytes() == SMALL


@pytest.fixture
def bucket(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket of a store, used by this process."""
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    return Bucket(os.environ["RUNICORN_ARTIFACT_POOL"])


def test_a_completion_whose_answer_was_lost_is_no_failure(
    bucket: Bucket, tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = bucket.client.complete_multipart_upload

    def repeated(**options: Any) -> Any:
        """As botocore does without an answer to the first request."""
        complete(**options)
        return complete(**{name: value for name, value in options.items() if name != "IfNoneMatch"})

    monkeypatch.setattr(bucket.client, "complete_multipart_upload", repeated)
    (tmp_path / "large").write_bytes(LARGE)
    bucket.put_file(tmp_path / "large", digest_of(LARGE), len(LARGE))
    assert b"".join(bucket.blocks(digest_of(LARGE))) == LARGE
    assert lab.s3.unfinished(lab.prefix) == []


def test_a_download_continues_after_a_lost_connection(lab: Lab, bucket: Bucket) -> None:
    viewer = lab.viewer()
    upload(viewer, "net", {"large": LARGE})
    for start in (1, 8, 15):
        lab.network.drop_at = lab.network.passed + start * 2**20
        assert b"".join(bucket.blocks(digest_of(LARGE))) == LARGE
        assert lab.network.drop_at is None
    lab.network.drop_at = lab.network.passed + 2**20
    assert b"".join(bucket.blocks(digest_of(LARGE), 1000, 15_000_000)) == LARGE[1000:15_000_001]
    lab.network.drop_at = lab.network.passed + 8 * 2**20
    assert requests.get(f"{viewer.url}/api/artifacts/net/v1/files/large", timeout=60).content == LARGE


def test_a_checksum_that_the_bucket_computes_proves_a_content_without_reading_it(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, complete, put = bucket.client, bucket.client.complete_multipart_upload, bucket.client.put_object

    def answered(write: Any, suffix: str, **options: Any) -> Any:
        """Answer as Amazon does, where moto and radosgw state no checksum."""
        parts = b"".join(hashlib.sha256(part).digest() for part in (LARGE[:PART], LARGE[PART:]))
        checksum = options.get("ChecksumSHA256") or base64.b64encode(hashlib.sha256(parts).digest()).decode()
        return {**write(**options), "ChecksumSHA256": checksum + suffix}

    (tmp_path / "large").write_bytes(LARGE)
    (tmp_path / "small").write_bytes(SMALL)
    for is_right, suffix in ((True, "-2"), (False, "-3")):
        monkeypatch.setattr(client, "complete_multipart_upload", partial(answered, complete, suffix))
        is_stored = bucket.put_file(tmp_path / "large", digest_of(LARGE), len(LARGE), replace=True)
        assert is_stored is is_right
    for is_right, suffix in ((True, ""), (False, "!")):
        monkeypatch.setattr(client, "put_object", partial(answered, put, suffix))
        assert bucket.put_file(tmp_path / "small", digest_of(SMALL), len(SMALL), replace=True) is is_right
