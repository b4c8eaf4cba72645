"""Downloads of a version as a zip file: byte for byte, streamed, and incomplete if a file is damaged."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from artifacts.api import zip_download
from artifacts.services import lookup
from runicorn.artifacts import verify
from runicorn.artifacts.errors import DamagedFile
from tests.server.artifacts.test_damaged_contents import damage

Write = Callable[..., Path]
CONTENTS = {
    "a.bin": os.urandom(300_000),
    "deep dir/wé <b>'模.txt": b"text",
    "empty": b"",
    "z/last": b"x" * 70_000,
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def version(store: Path, run: rn.Run, write: Write) -> str:
    artifact = rn.Artifact("m é")
    for number, (path, content) in enumerate(CONTENTS.items()):
        artifact.add_file(write(f"{number}", content), path)
    run.log_artifact(artifact)
    return "/artifacts/model/m é/v1"


def test_the_zip_file_has_every_file_under_its_path(
    client: Client, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_download, "BATCH", 2)
    answer = client.get(f"{version}/zip")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''m%20%C3%A9-v1.zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == CONTENTS
        assert {member.compress_type for member in packed.infolist()} == {zipfile.ZIP_STORED}


def test_a_missing_file_is_an_error_before_the_response_begins(client: Client, version: str) -> None:
    stored_version = lookup.get_version("m é", 1)
    file = stored_version.on_disk.manifest.file("z/last")
    for place in (
        stored_version.on_disk.file_path(file.path),
        stored_version.on_disk.artifact.store.pool.blob(file.digest),
    ):
        place.unlink()
    answer = client.get(f"{version}/zip")
    assert answer.status_code == 409 and "z/last" in answer.content.decode()


def test_a_damaged_file_aborts_the_download(client: Client, version: str) -> None:
    stored_version = lookup.get_version("m é", 1)
    for place in verify.places(stored_version.on_disk, stored_version.on_disk.manifest.file("a.bin")):
        damage(place)
    body = io.BytesIO()
    with pytest.raises(DamagedFile):
        for part in client.get(f"{version}/zip").streaming_content:
            body.write(part)
    assert not zipfile.is_zipfile(body)


def test_the_zip_file_is_streamed_in_constant_memory(store: Path, run: rn.Run, write: Write) -> None:
    run.log_artifact(rn.Artifact("big").add_file(write("big", bytes(24 * 2**20))))
    version = lookup.get_version("big", 1)
    tracemalloc.start()
    size = sum(map(len, zip_download.zipped(version)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 24 * 2**20 and peak < 8 * 2**20


def test_files_beyond_4_gib_use_the_zip64_format(
    tmp_path: Path, store: Path, run: rn.Run, write: Write
) -> None:
    info = zip_download._info(zip_download.FileEntry("x", 5 * 2**30, "sha256:0"))
    outlet = zip_download.Outlet()
    with zipfile.ZipFile(outlet, "w") as packed, packed.open(info, "w") as target:
        target.write(b"x")
    assert info.extract_version >= zipfile.ZIP64_VERSION
