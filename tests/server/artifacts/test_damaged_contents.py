"""Damaged contents are found when they are read; verification marks them and repairs what it can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import verify
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.store import Store, Version
from tests.server.artifacts.conftest import no_links

Write = Callable[..., Path]


def damage(path: Path, content: bytes = b"evil") -> None:
    """Write into a file that is read-only, in place: every link to it is damaged too."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)
    path.chmod(0o444)


@pytest.fixture
def version(run: rn.Run, shelves: Store, write: Write) -> Version:
    run.log_artifact(
        rn.Artifact("m").add_file(write("w.bin", b"good" * 500_000)).add_file(write("c.txt", "good"))
    )
    return shelves.find("m").existing(1)


@pytest.mark.parametrize("path", ["w.bin", "c.txt"])
def test_a_damaged_content_is_never_served(
    monkeypatch: pytest.MonkeyPatch, run: rn.Run, version: Version, tmp_path: Path, path: str
) -> None:
    for place in verify.places(version, version.manifest.file(path)):  # type: ignore[arg-type]
        damage(place)
    with pytest.raises(DamagedFile, match=path):
        run.use_artifact("m:latest").download(tmp_path / "out")
    assert not (tmp_path / "out" / path).exists()
    assert not list((tmp_path / "out").glob(".*"))
    with pytest.raises(DamagedFile, match=path):
        run.use_artifact("m:latest").get_file_path(path)


def test_verification_marks_the_version_and_names_the_files(version: Version) -> None:
    assert verify.verify(version).damaged == {}
    for place in verify.places(version, version.manifest.files[1]):
        damage(place)
    assert list(verify.verify(version).damaged) == ["w.bin"]
    assert version.metadata.status == "corrupted"
    assert version.curation["corrupted_files"] == ["w.bin"]
    assert [entry["status"] for entry in version.artifact.index_entries()] == ["corrupted"]


def test_a_damaged_copy_is_replaced_by_the_intact_one(
    run: rn.Run, shelves: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_links(monkeypatch)
    run.log_artifact(rn.Artifact("m").add_file(write("a", "aaaa")).add_file(write("b", "bbbb")))
    version = shelves.find("m").existing(1)
    a, b = version.manifest.files
    damage(verify.places(version, a)[0])
    damage(verify.places(version, b)[1])
    assert run.use_artifact("m:1").get_file_path("a").read_text() == "aaaa"
    assert (run.use_artifact("m:1").download() / "a").read_text() == "aaaa"
    result = verify.verify(version)
    assert (result.damaged, result.repaired) == ({}, ("a", "b"))
    assert all(
        place.read_text() == text
        for f, text in ((a, "aaaa"), (b, "bbbb"))
        for place in verify.places(version, f)
    )


def test_a_missing_file_is_damage(version: Version) -> None:
    file = version.manifest.files[0]
    for place in (version.file_path(file.path), version.artifact.store.pool.blob(file.digest)):
        place.unlink()
    assert verify.verify(version).damaged == {"c.txt": "missing"}


def test_a_manifest_with_paths_outside_the_store_is_rejected(run: rn.Run, version: Version) -> None:
    manifest = version.path / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace("c.txt", "../../../../secret"))
    with pytest.raises(DamagedFile, match=r"manifest\.json is invalid"):
        run.use_artifact("m:latest")
