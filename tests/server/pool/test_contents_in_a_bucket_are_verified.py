"""fsck and verification name what is missing and damaged in a bucket; archives are made from its contents."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from tests.folders import write_run
from tests.processes import environment
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab, Upload, content_of, upload

GOOD, GONE, CHANGED, UNUSED = (content_of(5000, seed) for seed in range(20, 24))
LARGE = content_of(20 * 2**20, 24)


def url(lab: Lab, content: bytes) -> str:
    return f"s3://{BUCKET}/{lab.key(content)}"


def test_fsck_names_missing_and_damaged_objects(lab: Lab) -> None:
    viewer, s3 = lab.viewer(), lab.s3.client()
    upload(viewer, "net", {"good": GOOD, "gone": GONE, "changed": CHANGED})
    assert json.loads(lab.command("fsck", "--json").stdout)["ok"] is True
    s3.delete_object(Bucket=BUCKET, Key=lab.key(GONE))
    s3.put_object(Bucket=BUCKET, Key=lab.key(CHANGED), Body=CHANGED[:-1] + b"!")
    s3.put_object(Bucket=BUCKET, Key=lab.key(UNUSED), Body=b"torn")

    def findings(*options: str) -> set[tuple[str, str, str]]:
        findings = json.loads(lab.command("fsck", "--json", *options).stdout)["findings"]
        return {(finding["kind"], finding["path"], finding["message"]) for finding in findings}

    missing = ("file-damaged", url(lab, GONE), "gone of net:v1 is missing or damaged.")
    changed = ("file-damaged", url(lab, CHANGED), "changed of net:v1 is missing or damaged.")
    torn = ("content-damaged", url(lab, UNUSED), "A stored content does not match its digest.")
    assert findings("--quick") == {missing}
    assert findings() == {missing, changed, torn}
    files = "/api/artifacts/net/v1/files"
    for name in ("gone", "changed"):
        answer = viewer.get(f"{files}/{name}")
        assert answer.status_code == 409, answer.text
    assert viewer.get(f"{files}/good").content == GOOD
    page = viewer.get("/artifacts/model/net/v1?file=changed")
    assert "is damaged in the store and was not read" in page.text
    # An upload with the same contents brings back what is missing.
    upload(viewer, "net", {"gone": GONE})
    assert findings("--quick") == set()


def test_a_verification_records_damage_in_the_bucket(lab: Lab) -> None:
    viewer, s3 = lab.viewer(), lab.s3.client()
    upload(viewer, "net", {"good": GOOD, "changed": CHANGED})
    s3.put_object(Bucket=BUCKET, Key=lab.key(CHANGED), Body=CHANGED[:-1] + b"!")
    script = (
        "import sys, pathlib; from runicorn.artifacts.store import Store; from runicorn.artifacts.verify import verify;"
        "print(sorted(verify(Store(pathlib.Path(sys.argv[1])).find('net').version(1)).damaged))"
    )
    command = [sys.executable, "-c", script, str(lab.root)]
    process = subprocess.run(
        command, env=environment(lab.home, **lab.environment), capture_output=True, text=True
    )
    assert process.stdout == "['changed']\n", process.stderr
    assert viewer.get("/api/artifacts/net/versions").json()[0]["status"] == "corrupted"
    lab.network.cut()
    away = subprocess.run(
        command, env=environment(lab.home, **lab.environment), capture_output=True, text=True
    )
    assert "cannot be reached at" in away.stderr.splitlines()[-1]


def test_damage_of_a_large_content_ends_its_download(lab: Lab) -> None:
    viewer, s3 = lab.viewer(), lab.s3.client()
    upload(viewer, "net", {"large": LARGE})
    s3.put_object(Bucket=BUCKET, Key=lab.key(LARGE), Body=LARGE[:-1] + bytes([LARGE[-1] ^ 1]))
    with pytest.raises(requests.RequestException):
        viewer.get("/api/artifacts/net/v1/files/large")


def test_an_archive_of_contents_in_a_bucket_is_imported_elsewhere(lab: Lab, tmp_path: Path) -> None:
    write_run(lab.root)
    upload(lab.viewer(), "net", {"a/good": GOOD, "large": LARGE})
    archive, other = tmp_path / "all.zip", tmp_path / "other"
    export_process = lab.command("export", "--include-artifacts", "--output", str(archive))
    assert export_process.returncode == 0, export_process.stderr
    packed = zipfile.ZipFile(archive)
    assert any(packed.read(name) == LARGE for name in packed.namelist())
    other.mkdir()
    own = environment(lab.home, RUNICORN_DIR=str(other))
    import_process = subprocess.run(
        [sys.executable, "-m", "runicorn", "import", str(archive)], env=own, capture_output=True, text=True
    )
    assert import_process.returncode == 0, import_process.stderr
    assert (other / "artifacts" / "model" / "net" / "v1" / "files" / "large").read_bytes() == LARGE


def test_an_archive_is_imported_into_the_bucket(lab: Lab, tmp_path: Path) -> None:
    write_run(lab.root)
    viewer = lab.viewer()
    upload(viewer, "net", {"good": GOOD})
    archive = tmp_path / "all.zip"
    assert lab.command("export", "--include-artifacts", "--output", str(archive)).returncode == 0
    viewer.delete("/api/artifacts/net/v1?permanent=true")
    assert lab.s3.keys(lab.prefix) == []
    with archive.open("rb") as file:
        answer = viewer.post("/api/import/archive", files={"file": file})
    assert answer.status_code == 200, answer.text
    assert lab.s3.keys(lab.prefix) == [lab.key(GOOD)]
    assert viewer.get("/api/artifacts/net/v1/files/good").content == GOOD


def test_commands_without_the_variable_say_where_the_contents_are(lab: Lab, tmp_path: Path) -> None:
    write_run(lab.root)
    upload(lab.viewer(), "net", {"good": GOOD})
    pool = f"s3://{BUCKET}/{lab.prefix}"
    findings = json.loads(lab.command("fsck", "--json", RUNICORN_ARTIFACT_POOL="").stdout)["findings"]
    sentence = f"Contents are in {pool} and were not checked: set RUNICORN_ARTIFACT_POOL."
    assert [(finding["kind"], finding["message"]) for finding in findings] == [("pool-unavailable", sentence)]
    process = lab.command(
        "export", "--include-artifacts", "--output", str(tmp_path / "x.zip"), RUNICORN_ARTIFACT_POOL=""
    )
    assert process.returncode != 0
    assert f"'good' of net:v1 is in {pool}: set RUNICORN_ARTIFACT_POOL to read it." in process.stderr
    lab.command("clean", "--dedup", "--force", RUNICORN_ARTIFACT_POOL="")
    assert lab.s3.keys(lab.prefix) == [lab.key(GOOD)]


def test_a_restored_store_uses_a_copy_of_its_bucket(lab: Lab) -> None:
    viewer, s3 = lab.viewer(), lab.s3.client()
    upload(viewer, "net", {"good": GOOD, "large": LARGE})
    viewer.stop()
    copied = Lab(lab.s3, lab.network, lab.root.parent / "restored", lab.home)
    shutil.copytree(lab.root, copied.root)
    for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{lab.prefix}/")["Contents"]:
        key = entry["Key"].replace(lab.prefix, copied.prefix, 1)
        s3.copy_object(Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": entry["Key"]})
    record = copied.root / "artifacts" / ".pool.json"
    record.write_text(record.read_text().replace(lab.prefix, copied.prefix))
    for path in (LARGE, GOOD):
        s3.delete_object(Bucket=BUCKET, Key=lab.key(path))
    assert copied.command("fsck").returncode == 0
    try:
        restored = copied.viewer()
        assert restored.get("/api/artifacts/net/v1/files/large").content == LARGE
        assert Upload(restored, "net", {"good": GOOD, "large": LARGE}).begun.json()["missing"] == []
    finally:
        copied.stop()
