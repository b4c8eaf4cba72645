"""Malformed files and requests affect a value or a version, never the list of artifacts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import runicorn as rn
from runicorn.artifacts import names
from runicorn.artifacts.errors import InvalidArtifact
from tests.large import many

pytestmark = pytest.mark.django_db
ROUTES = ("", "/stats", "/m/versions", "/m/v1", "/m/v1/files", "/m/v1/lineage", "/m/evaluations")
ROUTES += ("/m/performance-history", "/m/training-metrics")
HUGE = 10**400
CONTENT = b"x" * 100
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def version_folder(store: Path, run: rn.Run, write: Callable[..., Path]) -> Path:
    """The folder of m:v1, beside a healthy artifact."""
    for name in ("m", "healthy"):
        run.log_artifact(rn.Artifact(name).add_file(write("f", CONTENT)))
    return store / "artifacts/model/m/v1"


@pytest.fixture(autouse=True)
def _without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")


def healthy(api: Any) -> None:
    """Everything is answered, and what is healthy is listed."""
    for route in many(ROUTES):
        assert api.get(f"/api/artifacts{route}").status_code in (200, 404), route
    assert "healthy" in [item["name"] for item in api.get("/api/artifacts").json()]


def change(path: Path, **fields: Any) -> None:
    """Write other fields into a small file, as another program may."""
    content = json.loads(path.read_text()) if path.exists() else {}
    text = json.dumps({**content, **fields})
    path.unlink(missing_ok=True)
    path.write_text(text)
    os.utime(path.parent)


@pytest.mark.parametrize(
    "odd", [HUGE, 2**63, float("nan"), "\ud800", {}], ids=["huge", "large", "nan", "surrogate", "object"]
)
def test_unusual_values_in_small_files_hide_no_artifact(version_folder: Path, api: Any, odd: Any) -> None:
    entry = {"path": "f", "size": 100, "digest": DIGEST}
    change(
        version_folder / "manifest.json",
        created_at=odd,
        references=[{"uri": "s3://b/k", "size": odd, "metadata": odd}],
    )
    change(
        version_folder / "metadata.json",
        created_at=odd,
        updated_at=odd,
        tags=odd,
        metadata={"a": odd},
        status=odd,
    )
    change(
        version_folder / "curation.json",
        evaluations=[{"evaluation_date": odd}, {"evaluation_date": 1.0}, odd],
    )
    change(version_folder / ".deleted", deleted_at=odd)
    healthy(api)
    (version_folder / ".deleted").unlink()
    change(version_folder / "curation.json", lifecycle_stage=odd, verified_at=odd, corrupted_files=odd)
    healthy(api)
    change(version_folder / "manifest.json", files=[{**entry, "modified_at": odd}])
    healthy(api)
    change(version_folder / "manifest.json", files=[{**entry, "size": odd}])
    healthy(api)
    change(version_folder / "manifest.json", files=[{**entry, "path": odd}, odd])
    healthy(api)


def test_a_folder_name_that_is_not_unicode_hides_no_artifact(version_folder: Path, api: Any) -> None:
    os.rename(version_folder.parent, os.fsencode(version_folder.parent.parent) + b"/\xff")
    healthy(api)
    assert api.get("/api/artifacts/m/v1").status_code == 404
    for check in (names.check_name, names.check_path):
        with pytest.raises(InvalidArtifact, match="must be text in Unicode"):
            check("\udcff")


def test_unusual_names_in_urls_are_answered(version_folder: Path, api: Any) -> None:
    for name in ("..", "a/b", "\x00", "x" * 5000, "\ud800", "%2e%2e", " m", "m:v1"):
        look_for(api, quote(name.encode("utf-8", "surrogatepass"), safe=""))


def look_for(api: Any, odd: str) -> None:
    for method, route in [
        ("get", f"{odd}/versions"),
        ("get", f"{odd}/v1/lineage"),
        ("get", f"m/v1/files/{odd}"),
        ("get", f"m/v{odd}"),
        ("delete", f"m/aliases/{odd}"),
        ("get", f"m/versions?type={odd}"),
        ("get", f"m/evaluations?version={odd}"),
        ("post", f"uploads/{odd}/complete"),
    ]:
        answer = getattr(api, method)(f"/api/artifacts/{route}")
        assert answer.status_code in (400, 404) and answer.json()["detail"], route


@pytest.mark.parametrize(
    "odd", [HUGE, 2**63, -1, "\ud800", {"": HUGE}], ids=["huge", "large", "minus", "surrogate", "object"]
)
def test_unusual_values_in_bodies_are_bad_input(version_folder: Path, api: Any, odd: Any) -> None:
    def send(method: str, route: str, body: Any) -> None:
        content = json.dumps(body)
        answer = getattr(api, method)(f"/api/artifacts/{route}", content, content_type="application/json")
        assert answer.status_code in (200, 201, 400, 404), (route, body, answer.content)
        if route == "uploads" and answer.status_code == 201:
            response = api.post(f"/api/artifacts/uploads/{answer.json()['upload_id']}/complete")
            assert response.status_code == 201, (body, response.content)

    declaration = {"name": "up", "type": "model", "files": [{"path": "f", "size": 100, "digest": DIGEST}]}
    for field in ("name", "type", "files", "description", "metadata", "tags", "references", "run_id"):
        send("post", "uploads", {**declaration, field: odd})
    for field in ("uri", "checksum", "size", "metadata"):
        send("post", "uploads", {**declaration, "references": [{"uri": "s3://b/k", field: odd}]})
    for field in ("path", "size", "digest"):
        send("post", "uploads", {**declaration, "files": [{**declaration["files"][0], field: odd}]})  # type: ignore[index]
    for field in ("description", "metadata", "tags"):
        send("patch", "m/v1", {field: odd})
    send("post", "m/v1/evaluate", {"metrics": {"a": odd}, "status": odd})
    send("post", "m/v1/promote", {"to_stage": odd, "notes": odd})
    send("put", "m/aliases/a", {"version": odd})
    healthy(api)
