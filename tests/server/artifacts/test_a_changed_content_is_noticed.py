"""Versions are hard links for all users, and a content modified in the store is never used as intact."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import pool, stamps, verify
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.store import Store, Version
from runicorn_tools.archives import write as exporting

Write = Callable[..., Path]
SMALL, LARGE = b"good", b"good" * 500_000


def overwrite(path: Path) -> None:
    """Write into a file in place, as an administrator can; its size stays."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"evil")
    path.chmod(0o444)


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def source(request: pytest.FixtureRequest, write: Write) -> Path:
    return write("w.bin", request.param)


@pytest.fixture
def version(run: rn.Run, shelves: Store, source: Path) -> Version:
    run.log_artifact(rn.Artifact("m").add_file(source))
    return shelves.find("m").existing(1)


def _blob(version: Version) -> Path:
    return version.artifact.store.pool.blob(version.manifest.files[0].digest)


def test_a_version_is_a_hard_link_for_every_user(version: Version) -> None:
    assert os.path.samefile(version.file_path("w.bin"), _blob(version))


def test_a_content_edited_through_one_version_is_stored_again_for_the_next(
    run: rn.Run, version: Version, source: Path, tmp_path: Path
) -> None:
    overwrite(version.file_path("w.bin"))
    assert run.log_artifact(rn.Artifact("m").add_file(source)) == 2
    later = version.artifact.existing(2)
    assert later.file_path("w.bin").read_bytes() == source.read_bytes()
    for number in (1, 2):  # the first is read from the pool
        artifact = run.use_artifact(f"m:v{number}")
        assert (artifact.download(tmp_path / str(number)) / "w.bin").read_bytes() == source.read_bytes()


def test_a_changed_content_is_not_held_by_the_pool(version: Version) -> None:
    file = version.manifest.files[0]
    assert version.artifact.store.pool.holds(file.digest, file.size)
    overwrite(_blob(version))
    assert not version.artifact.store.pool.holds(file.digest, file.size)


def test_a_blob_that_was_replaced_by_another_is_not_held(run: rn.Run, version: Version, write: Write) -> None:
    file = version.manifest.files[0]
    other = write("other.bin", b"evil" + b"x" * (file.size - 4))
    run.log_artifact(rn.Artifact("other").add_file(other))
    [wrong] = version.artifact.store.find("other").existing(1).manifest.files
    os.replace(version.artifact.store.pool.blob(wrong.digest), _blob(version))
    assert not version.artifact.store.pool.holds(file.digest, file.size)


def test_an_intact_blob_without_its_stamp_is_read_once(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a store that was copied by a program that keeps whole seconds, or made by an older Runicorn."""
    os.utime(_blob(version), (1_600_000_000, 1_600_000_000))
    reads = []
    hash_file = pool.hash_file
    monkeypatch.setattr(pool, "hash_file", lambda *fd: reads.append(fd) or hash_file(*fd))
    file = version.manifest.files[0]
    for _ in range(3):
        assert version.artifact.store.pool.holds(file.digest, file.size)
    assert len(reads) == 1
    assert int(_blob(version).stat().st_mtime) == 1_600_000_000


def test_a_file_that_changed_while_it_was_read_gets_no_stamp(version: Version) -> None:
    file, blob = version.manifest.files[0], _blob(version)
    before = blob.stat()
    overwrite(blob)
    stamps.stamp(blob, file.digest, before)
    assert not stamps.is_stamped(blob.stat(), file.digest)


def test_a_downloaded_file_can_be_edited_without_touching_the_store(
    run: rn.Run, version: Version, source: Path, tmp_path: Path
) -> None:
    downloaded = run.use_artifact("m:v1").download(tmp_path / "out") / "w.bin"
    assert downloaded.stat().st_mode & 0o200
    with downloaded.open("r+b") as file:
        file.write(b"mine")
    assert _blob(version).read_bytes() == source.read_bytes()


def test_a_changed_content_is_not_exported(version: Version, folder: Path) -> None:
    overwrite(_blob(version))
    with pytest.raises(DamagedFile, match=r"w\.bin"):
        list(exporting.version_entries(folder, [version]))


def test_a_content_that_is_intact_in_the_pool_is_exported(
    version: Version, source: Path, folder: Path
) -> None:
    file = version.file_path("w.bin")
    file.unlink()  # as an editor saves: a new file under the old name
    file.write_bytes(b"evil" + source.read_bytes()[4:])
    (content,) = [e for e in exporting.version_entries(folder, [version]) if ".dedup" in e.name]
    assert content.path.read_bytes() == source.read_bytes()


def test_verification_says_how_a_file_differs_and_when_it_was_written(version: Version) -> None:
    overwrite(version.file_path("w.bin"))
    os.utime(version.file_path("w.bin"), (1_600_000_000, 1_600_000_000))
    reason = "content differs, last written 2020-09-13 12:26:40 UTC"
    assert verify.verify(version).damaged == {"w.bin": reason}
    assert version.curation["corruption"] == {"w.bin": reason}


def test_verification_tells_a_failing_disk_from_a_write(version: Version) -> None:
    file = version.manifest.files[0]
    overwrite(version.file_path("w.bin"))
    stamps.stamp(version.file_path("w.bin"), file.digest)  # as if no write had been seen
    assert verify.verify(version).damaged["w.bin"].startswith("damaged by the disk")


def test_verification_links_a_damaged_file_to_the_intact_content(
    run: rn.Run, version: Version, source: Path
) -> None:
    overwrite(version.file_path("w.bin"))
    run.log_artifact(rn.Artifact("m").add_file(source))
    result = verify.verify(version)
    assert (result.damaged, result.repaired) == ({}, ("w.bin",))
    assert os.path.samefile(version.file_path("w.bin"), _blob(version))
