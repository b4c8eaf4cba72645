"""`runicorn doctor` checks what a server needs of its bucket, one line each, and leaves nothing there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from runicorn_site.cli.doctor import bucket as checks
from runicorn_site.cli.doctor.checks import Level
from tests.processes import free_port
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab

ALL = ["list", "write", "read", "condition", "parts", "delete", "clock"]


def examine(lab: Lab, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code and the findings about the bucket."""
    process = lab.command("doctor", "--json", "--port", str(free_port()), **more)
    assert not process.stderr, process.stderr
    findings = {finding["check"]: finding for finding in json.loads(process.stdout)}
    return process.returncode, {
        name: finding for name, finding in findings.items() if name.startswith("Bucket")
    }


def objects(lab: Lab) -> list[str]:
    listing = lab.s3.client().list_objects_v2(Bucket=BUCKET, Prefix=lab.prefix)
    return [entry["Key"] for entry in listing.get("Contents", ())]


def test_everything_that_a_server_needs_is_tried(lab: Lab) -> None:
    code, findings = examine(lab)
    assert code == 0
    assert list(findings) == ["Bucket", "Bucket: store", *(f"Bucket: {name}" for name in ALL)]
    assert {finding["level"] for finding in findings.values()} <= {"ok", "note"}
    pool = f"s3://{BUCKET}/{lab.prefix}"
    assert findings["Bucket"]["text"] == f"{pool} answers at http://127.0.0.1:{lab.network.port}"
    assert findings["Bucket: store"]["text"].startswith("unused; ")
    assert findings["Bucket: condition"]["text"] == "an existing object is not written again (If-None-Match)"
    assert (objects(lab), lab.s3.unfinished(lab.prefix)) == ([], [])
    lab.viewer()
    _, findings = examine(lab)
    assert findings["Bucket: store"]["text"] == f"has the contents of {lab.root}, by .pool.json"
    code, findings = examine(lab, RUNICORN_ARTIFACT_POOL="")
    assert (code, findings["Bucket"]["level"]) == (0, "warning")
    assert findings["Bucket"]["text"].startswith(
        f"contents of the store are in {pool}: set RUNICORN_ARTIFACT_POOL"
    )
    lab.root = lab.root.parent / "second"
    lab.root.mkdir()
    code, findings = examine(lab)
    assert (code, findings["Bucket"]["text"]) == (
        2,
        f"{pool} belongs to another store; choose another prefix.",
    )
    assert objects(lab) == [f"{lab.prefix}/.store"]
    assert examine(lab, RUNICORN_ARTIFACT_POOL="") == (0, {})


def test_each_failure_has_its_exit_code_and_says_what_to_do(lab: Lab) -> None:
    code, findings = examine(lab, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    assert code == 4 and "cannot be reached at" in findings["Bucket"]["text"]
    code, findings = examine(lab, RUNICORN_ARTIFACT_POOL="s3://nowhere/x")
    assert (code, findings["Bucket"]["text"]) == (2, "s3://nowhere/x: there is no such bucket.")
    code, findings = examine(lab, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert code == 4 and "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in findings["Bucket"]["text"]
    if not lab.s3.is_moto:  # any credentials are valid there
        code, findings = examine(lab, AWS_SECRET_ACCESS_KEY="wrong")
        assert code == 3 and "check the credentials" in findings["Bucket"]["text"]


def test_missing_rights_are_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    from botocore.exceptions import ClientError

    from runicorn.artifacts.s3 import binding

    bucket = binding.named_bucket()
    assert bucket is not None
    client = bucket.client

    def denied(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")

    monkeypatch.setattr(client, "put_object", denied)
    findings = {finding.check: finding for finding in checks.run_all(lab.root)}
    assert findings["Bucket: write"].text.endswith("rights of their user. Needed: s3:PutObject.")
    assert (findings["Bucket: write"].level, findings["Bucket: write"].exit_code) == (Level.PROBLEM, 3)
    assert findings["Bucket: list"].level == Level.OK
    assert findings["Bucket: delete"].level == Level.OK


def test_an_object_that_breaks_off_is_a_problem_of_reading(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    from botocore.exceptions import ReadTimeoutError

    from runicorn.artifacts.s3 import binding

    bucket = binding.named_bucket()
    assert bucket is not None
    get_object = bucket.client.get_object

    class Broken:
        def read(self) -> bytes:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

    monkeypatch.setattr(
        bucket.client, "get_object", lambda **options: get_object(**options) | {"Body": Broken()}
    )
    findings = {finding.check: finding for finding in checks.run_all(lab.root)}
    assert (findings["Bucket: read"].level, findings["Bucket: read"].exit_code) == (Level.PROBLEM, 1)
    assert "cannot be reached at" in findings["Bucket: read"].text
    assert findings["Bucket: delete"].level == Level.OK


def test_a_wrong_clock_is_a_warning(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    now = checks.time.time
    monkeypatch.setattr(checks.time, "time", lambda: now() + 300)
    findings = {finding.check: finding for finding in checks.run_all(lab.root)}
    assert findings["Bucket: clock"].level == Level.WARNING
    # The bucket states whole seconds.
    assert re.search(r"\+30[0-5] s off: set its clock", findings["Bucket: clock"].text)
