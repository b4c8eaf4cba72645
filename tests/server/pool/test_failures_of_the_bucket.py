"""Wrong settings end a server with one sentence; a bucket that fails later loses nothing that was acknowledged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from tests.processes import environment, free_port, run_module
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import PART, Lab, Upload, content_of, upload
from tests.waiting import until

LARGE = content_of(40 * 2**20, 2)


def refused(lab: Lab, **more: str) -> str:
    """Start a viewer that must end, and return its only line."""
    command = ["runicorn", "viewer", "--storage", str(lab.root), "--port", "0"]
    ended = run_module(command, environment(lab.home, **(lab.environment | more)), lab.home)
    assert ended.returncode != 0
    assert not (lab.root / "artifacts" / ".pool.json").exists()
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("runicorn: ")


def test_wrong_credentials_end_a_server_with_one_sentence(lab: Lab) -> None:
    pool = f"s3://{BUCKET}/{lab.prefix}"
    none = refused(lab, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert none == (
        f"There are no valid credentials for {pool}: "
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."
    )
    if lab.s3.is_moto:
        return  # any credentials are valid there
    rights = "check the credentials and the rights of their user."
    wrong = refused(lab, AWS_SECRET_ACCESS_KEY="wrong")
    assert wrong == f"{pool} denies access (SignatureDoesNotMatch): {rights}"
    unknown = refused(lab, AWS_ACCESS_KEY_ID="nobody")
    assert unknown == f"{pool} denies access (InvalidAccessKeyId): {rights}"


def test_a_missing_bucket_and_a_wrong_address_end_a_server_with_one_sentence(lab: Lab) -> None:
    assert refused(lab, RUNICORN_ARTIFACT_POOL="s3://nowhere/x") == "s3://nowhere/x: there is no such bucket."
    malformed = refused(lab, RUNICORN_ARTIFACT_POOL="https://example.org/x")
    assert malformed == ("The pool of artifacts must be like s3://bucket/prefix, not 'https://example.org/x'")
    endpoint = f"http://127.0.0.1:{free_port()}"
    away = refused(lab, AWS_ENDPOINT_URL=endpoint)
    assert away.startswith(f"s3://{BUCKET}/{lab.prefix} cannot be reached at {endpoint}: ")


def test_two_stores_cannot_share_a_prefix_and_a_store_keeps_its_bucket(lab: Lab) -> None:
    viewer = lab.viewer()
    viewer.stop()
    other = f"{lab.prefix}/other"
    changed = run_module(
        ["runicorn", "viewer", "--storage", str(lab.root), "--port", "0"],
        environment(lab.home, **(lab.environment | {"RUNICORN_ARTIFACT_POOL": f"s3://{BUCKET}/{other}"})),
        lab.home,
    )
    pool = f"s3://{BUCKET}/{lab.prefix}"
    file = lab.root / "artifacts" / ".pool.json"
    assert changed.stderr == (
        f"runicorn: Contents of {lab.root} are in {pool}, not in s3://{BUCKET}/{other}: "
        f"copy them, then change {file}.\n"
    )
    lab.root = lab.root.parent / "second"
    lab.root.mkdir()
    assert refused(lab) == f"{pool} belongs to another store; choose another prefix."


def test_nothing_is_acknowledged_while_the_bucket_is_away(lab: Lab) -> None:
    viewer = lab.viewer()
    upload(viewer, "net", {"small": b"kept", "large": LARGE[: 17 * 2**20]})
    version_upload = Upload(viewer, "net", {"weights": LARGE})
    lab.network.cut_at = lab.network.passed + 20 * 2**20
    last = version_upload.send(viewer)
    assert last.status_code == 503
    sentence = f"s3://{BUCKET}/{lab.prefix} cannot be reached at http://127.0.0.1:{lab.network.port}: "
    assert last.json()["detail"].startswith(sentence)
    for answer in (version_upload.complete(viewer), viewer.get(version_upload.path)):
        assert (answer.status_code, answer.json()["detail"].startswith(sentence)) == (503, True)
    file = viewer.get("/api/artifacts/net/v1/files/small")
    assert (file.status_code, file.json()["detail"].startswith(sentence)) == (503, True)
    assert viewer.get("/artifacts/model/net/v1?file=small").status_code == 200
    assert viewer.get("/api/artifacts/net/versions").json()[0]["status"] == "ready"
    lab.network.restore()
    assert version_upload.complete(viewer).json()["version"] == 2
    assert viewer.get("/api/artifacts/net/v2/files/weights").content == LARGE
    assert lab.s3.unfinished(lab.prefix) == []


def test_a_server_killed_while_it_sends_a_content_goes_on_after_its_restart(lab: Lab) -> None:
    viewer = lab.viewer()
    version_upload = Upload(viewer, "net", {"weights": LARGE})
    for offset in range(0, len(LARGE) - PART, PART):
        assert version_upload.part(viewer, LARGE, offset).status_code == 200
    lab.network.cut_at = lab.network.passed + 20 * 2**20
    with ThreadPoolExecutor(1) as sender:
        last = sender.submit(version_upload.part, viewer, LARGE, len(LARGE) - PART)
        until(lambda: lab.network.is_cut)
        viewer.kill()
        wait([last])
    lab.network.restore()
    assert lab.s3.unfinished(lab.prefix) == [lab.key(LARGE)]
    restarted = lab.viewer()
    assert restarted.get(version_upload.path).json()["missing"] == [version_upload.begun.json()["missing"][0]]
    assert version_upload.complete(restarted).json()["version"] == 1
    assert restarted.get("/api/artifacts/net/v1/files/weights").content == LARGE
    assert lab.s3.unfinished(lab.prefix) == []


def test_a_download_that_the_bucket_breaks_off_is_never_complete(lab: Lab) -> None:
    viewer = lab.viewer()
    upload(viewer, "net", {"weights": LARGE})
    lab.network.cut_at = lab.network.passed + 20 * 2**20
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken"):
        assert len(viewer.get("/api/artifacts/net/v1/files/weights").content) < 0
