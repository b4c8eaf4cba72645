"""A server with `--artifact-pool` keeps uploaded contents in a bucket, and everything that reads versions finds them."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import requests

from runicorn.api import connect
from runicorn.artifacts.s3.bucket import Bucket
from tests.processes import train
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab, Upload, content_of, digest_of, upload

SMALL, LARGE = content_of(1000), content_of(20 * 2**20, 1)
TRAINING = """
import runicorn as rn, pathlib
with rn.init("p", "n", capture_env=False, system_metrics=False) as run:
    pathlib.Path("w").mkdir()
    pathlib.Path("w/large.bin").write_bytes(bytes(range(256)) * 2**17)
    for number in range(30):
        pathlib.Path(f"w/{number}.txt").write_text(str(number))
    run.log_artifact(rn.Artifact("trained", type="model").add_dir("w"))
"""


def test_contents_are_stored_once_and_no_file_of_them_is_in_the_storage_root(shared: Lab) -> None:
    lab, viewer, name = shared, shared.viewers[0], "once"
    small, large = content_of(500, 2), content_of(17 * 2**20, 3)
    before = lab.s3.keys(lab.prefix)
    upload(viewer, name, {"a/small": small, "b/small": small, "large": large, "empty": b""})
    added = set(lab.s3.keys(lab.prefix)) - {*before}
    assert added == {lab.key(small), lab.key(large), lab.key(b"")}
    again = Upload(viewer, name, {"other": large})
    assert again.begun.json()["missing"] == []
    assert again.complete(viewer).json()["version"] == 2
    artifact = lab.root / "artifacts" / "model" / name
    assert [path.name for path in artifact.glob("v*/files/**/*")] == []
    assert (artifact / "v1" / "manifest.json").is_file()
    assert list((lab.root / "artifacts" / ".uploads").iterdir()) == []


def test_files_are_downloaded_whole_in_ranges_and_as_a_zip_file(shared: Lab, tmp_path: Path) -> None:
    viewer = shared.viewers[0]
    upload(viewer, "ranges", {"a/small": SMALL, "large": LARGE})
    files = "/api/artifacts/ranges/v1/files"
    for path, content in (("a/small", SMALL), ("large", LARGE)):
        complete = viewer.get(f"{files}/{path}")
        assert (complete.content, complete.headers["ETag"]) == (content, f'"{digest_of(content)}"')
        part = viewer.get(f"{files}/{path}", headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, content[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
        end = viewer.get(f"{files}/{path}", headers={"Range": "bytes=-7"})
        assert end.content == content[-7:]
        beyond = viewer.get(f"{files}/{path}", headers={"Range": f"bytes={len(content)}-"})
        assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    packed = zipfile.ZipFile(BytesIO(viewer.get("/artifacts/model/ranges/v1/zip").content))
    assert {name: packed.read(name) for name in packed.namelist()} == {"a/small": SMALL, "large": LARGE}
    with connect(viewer.url) as client:
        client.artifacts.download_artifact("ranges:v1", tmp_path / "down")
    assert (tmp_path / "down" / "large").read_bytes() == LARGE


def test_presigned_downloads_come_from_the_bucket_and_match_their_digest(lab: Lab, tmp_path: Path) -> None:
    viewer = lab.viewer("--presigned-downloads")
    upload(viewer, "net", {"sub/größe 1.bin": SMALL, "large": LARGE, "picture.png": SMALL[:50]})
    answer = viewer.get("/api/artifacts/net/v1/files/large", allow_redirects=False)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    assert answer.headers["Location"].startswith(
        f"http://127.0.0.1:{lab.network.port}/{BUCKET}/{lab.prefix}/"
    )
    # A link is for GET only, and radosgw ignores If-Range.
    link, headers = (
        f"{viewer.url}/api/artifacts/net/v1/files/large",
        {"Range": "bytes=0-1", "If-Range": '"x"'},
    )
    assert requests.head(link, timeout=60).headers["Content-Length"] == str(len(LARGE))
    assert requests.get(link, headers=headers, timeout=60).content == LARGE
    named = viewer.get("/api/artifacts/net/v1/files/sub/größe 1.bin")
    assert "gr%C3%B6%C3%9Fe%201.bin" in named.headers["Content-Disposition"]
    assert (
        viewer.get("/artifacts/model/net/v1/pictures/picture.png", allow_redirects=False).status_code == 200
    )
    with connect(viewer.url) as client:
        client.artifacts.download_artifact("net:v1", tmp_path / "down")
    downloaded = {path.name: path.read_bytes() for path in (tmp_path / "down").rglob("*") if path.is_file()}
    assert downloaded == {"größe 1.bin": SMALL, "large": LARGE, "picture.png": SMALL[:50]}


def test_links_lead_to_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    link = Bucket("s3://lab/artifacts").link(digest_of(b""), "net.bin")
    assert link.startswith("https://lab.s3.eu-north-1.amazonaws.com/artifacts/e3/")


def test_a_training_uploads_to_the_bucket_without_knowing_of_it(shared: Lab, tmp_path: Path) -> None:
    viewer, own = shared.viewers[0], tmp_path / "own"
    own.mkdir()
    script = train(TRAINING, own, shared.home, RUNICORN_URL=viewer.url, RUNICORN_UPLOAD_TIMEOUT="120")
    _, errors = script.communicate(timeout=120)
    assert script.returncode == 0, errors
    assert viewer.get("/api/artifacts/trained/v1").json()["num_files"] == 31
    assert f"{shared.prefix}/" in shared.s3.keys(shared.prefix)[0]
    assert not list((shared.root / "artifacts" / "model" / "trained").glob("v1/files/**/*.txt"))
    assert viewer.get("/api/artifacts/trained/v1/files/17.txt").text == "17"
    assert viewer.get("/api/artifacts/trained/v1/files/large.bin").content == bytes(range(256)) * 2**17


def test_the_page_of_a_version_previews_its_files(shared: Lab) -> None:
    viewer = shared.viewers[0]
    upload(viewer, "pages", {"notes.txt": b"three layers\n", "long.txt": b"first line\n" + LARGE})
    assert "three layers" in viewer.get("/artifacts/model/pages/v1?file=notes.txt").text
    assert viewer.get("/artifacts/model/pages/v1?file=long.txt").status_code == 200
    assert viewer.output.count("Traceback") == 0


def test_scripts_on_the_server_use_the_bucket_and_store_in_the_folder(shared: Lab, tmp_path: Path) -> None:
    small, large = content_of(1000, 4), content_of(17 * 2**20, 5)
    upload(shared.viewers[0], "scripts", {"small": small, "large": large})
    script = """
import sys, runicorn as rn, pathlib
with rn.init("p", "n", capture_env=False, system_metrics=False) as run:
    net = run.use_artifact("scripts:v1")
    print(net.download(sys.argv[1]), pathlib.Path(net.get_file_path("small")).stat().st_size)
    run.log_artifact(rn.Artifact("local", type="model").add_file(sys.argv[1] + "/large"))
"""
    ended = train(script, shared.root, shared.home, str(tmp_path / "down"), **shared.environment)
    printed, errors = ended.communicate(timeout=120)
    assert ended.returncode == 0, errors
    assert printed.split()[-1] == "1000"
    checked = shared.command("fsck")  # the pool has a copy now, the folder of the version has none
    assert checked.returncode == 0, checked.stdout
    assert (tmp_path / "down" / "large").read_bytes() == large
    assert (shared.root / "artifacts" / "model" / "local" / "v1" / "files" / "large").read_bytes() == large


def test_a_script_without_the_variable_is_told_where_the_content_is(shared: Lab, tmp_path: Path) -> None:
    upload(shared.viewers[0], "told", {"small": content_of(1000, 6)})
    script = """
import sys, runicorn as rn
with rn.init("p", "n", capture_env=False, system_metrics=False) as run:
    run.use_artifact("told:v1").download(sys.argv[1])
"""
    ended = train(script, shared.root, shared.home, str(tmp_path / "down"))
    _, errors = ended.communicate(timeout=60)
    assert ended.returncode != 0
    sentence = (
        f"'small' of told:v1 is in s3://{BUCKET}/{shared.prefix}: set RUNICORN_ARTIFACT_POOL to read it."
    )
    assert sentence in errors
