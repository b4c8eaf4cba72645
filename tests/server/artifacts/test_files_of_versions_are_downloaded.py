"""Downloads of files, complete or in ranges, with the digest as `ETag`; damaged files are never complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

import runicorn as rn
from artifacts.api import downloads
from runicorn.artifacts import verify
from runicorn.artifacts.store import Store
from tests.processes import Viewer
from tests.server.artifacts.test_damaged_contents import damage

Write = Callable[..., Path]
CONTENT = os.urandom(1000)


@pytest.fixture
def model(store: Path, run: rn.Run, write: Write) -> str:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", CONTENT), "deep dir/wé.bin"))
    return "/api/artifacts/m/v1/files/deep%20dir/w%C3%A9.bin"


def _body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.django_db
def test_a_file_is_downloaded_completely_and_in_ranges(api: Any, model: str) -> None:
    answer = api.get(model)
    assert _body(answer) == CONTENT
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''w%C3%A9.bin"
    assert answer["ETag"].startswith('"sha256:') and answer["Content-Length"] == "1000"
    assert answer["Accept-Ranges"] == "bytes"
    part = api.get(model, headers={"Range": "bytes=10-19"})
    assert (part.status_code, _body(part), part["Content-Range"]) == (206, CONTENT[10:20], "bytes 10-19/1000")
    assert part["ETag"] == answer["ETag"]
    assert api.get(model, headers={"Range": "bytes=5000-"}).status_code == 416
    for etags in (answer["ETag"], f'"another", {answer["ETag"]}', "*"):
        assert api.get(model, headers={"If-None-Match": etags}).status_code == 304
    assert api.get(model, headers={"If-None-Match": '"another"'}).status_code == 200
    other = api.get(model, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert other.status_code == 200 and _body(other) == CONTENT


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["..%2Fmanifest.json", "%2e%2e/manifest.json", "deep%20dir", "a%00b", "C:/x"]
)
def test_files_outside_the_version_are_not_served(api: Any, model: str, path: str) -> None:
    answer = api.get(f"/api/artifacts/m/v1/files/{path}")
    assert answer.status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-3"}])
def test_a_damaged_file_is_an_error(api: Any, model: str, folder: Path, headers: dict[str, str]) -> None:
    api.get(model, headers={"Range": "bytes=0-3"})  # found whole once
    version = Store(folder).find("m").existing(1)
    for place in verify.places(version, version.manifest.files[0]):
        damage(place)
    answer = api.get(model, headers=headers)
    assert answer.status_code == 409 and "damaged in the store" in answer.json()["detail"]


@pytest.mark.usefixtures("run")
def test_a_large_file_is_verified_while_it_is_sent(
    run: rn.Run, write: Write, viewer: Viewer, folder: Path
) -> None:
    content = os.urandom(downloads.SMALL + 5_000_001)
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", content)))
    address = f"{viewer.url}/api/artifacts/m/v1/files/w.bin"
    assert requests.get(address, timeout=30).content == content
    part = requests.get(address, headers={"Range": f"bytes={len(content) - 5}-"}, timeout=30)
    assert (part.status_code, part.content) == (206, content[-5:])
    version = Store(folder).find("m").existing(1)
    for place in verify.places(version, version.manifest.files[0]):
        damage(place)
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(address, timeout=30).content  # noqa: B018
    assert requests.get(address, headers={"Range": "bytes=0-3"}, timeout=30).status_code == 409
