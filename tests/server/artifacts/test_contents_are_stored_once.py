"""Equal contents are stored once, versions cannot change each other, and stored contents are not copied."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts import copying, create, garbage, pool
from runicorn.artifacts.manifest import FileEntry
from runicorn.artifacts.store import Store
from runicorn.store import bulk_io
from runicorn.store.progress import NO_PROGRESS, Progress
from tests.server.artifacts.conftest import no_links

Write = Callable[..., Path]
ADD = """
import os, sys
print("adding", flush=True)
while True:
    with open(sys.argv[2], "w") as copy:
        copy.write("same")
    os.replace(sys.argv[2], sys.argv[1])
"""
LARGE = os.urandom(3 * 1024 * 1024 + 17)


def _blobs(store: Store) -> dict[str, int]:
    return {entry.name: entry.stat().st_size for entry in store.pool.blobs()}


def test_equal_files_are_one_blob(either: str, run: rn.Run, shelves: Store, write: Write) -> None:
    for name in ("one", "two"):
        run.log_artifact(
            rn.Artifact(name).add_file(write("w.bin", LARGE)).add_file(write("c.txt", "c"), "x/c.txt")
        )
    assert sorted(_blobs(shelves).values()) == [1, len(LARGE)]
    assert run.use_artifact("two:latest").get_file_path("w.bin").read_bytes() == LARGE


def test_files_of_versions_are_read_only(either: str, run: rn.Run, write: Write) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin")))
    path = run.use_artifact("m:latest").get_file_path("w.bin")
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_content_is_linked_while_another_process_adds_it_too(
    run: rn.Run, shelves: Store, write: Write, tmp_path: Path
) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", "same")))
    ((digest, size),) = _blobs(shelves).items()
    command = [sys.executable, "-c", ADD, str(shelves.pool.blob(digest)), str(tmp_path / "copy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "adding\n"
        files = [FileEntry(f"{number}", size, digest, 0.0) for number in range(1000)]
        try:
            create.place_files(shelves, tmp_path / "files", files, NO_PROGRESS)
        finally:
            other.kill()
    assert {path.read_bytes() for path in (tmp_path / "files").iterdir()} == {b"same"}


def test_where_versions_are_copies_an_edited_one_changes_no_other(
    run: rn.Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_links(monkeypatch)
    for _ in range(2):
        run.log_artifact(rn.Artifact("m").add_file(write("w.bin", "good")))
    edited = run.use_artifact("m:v1")._version.file_path("w.bin")  # type: ignore[union-attr]
    edited.chmod(0o644)
    edited.write_text("evil")
    assert run.use_artifact("m:v2").get_file_path("w.bin").read_text() == "good"


def test_a_large_file_that_is_there_is_not_copied(
    run: rn.Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write("w.bin", LARGE)
    run.log_artifact(rn.Artifact("m").add_file(source))
    monkeypatch.setattr(bulk_io, "copy_range", lambda *_: pytest.fail("it was copied again"))
    monkeypatch.setattr(bulk_io, "clone_file", lambda *_: pytest.fail("it was copied again"))
    assert run.log_artifact(rn.Artifact("m").add_file(source)) == 2


def test_the_copy_is_what_is_hashed_whatever_the_kernel_can(
    run: rn.Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "copy_file_range")
    monkeypatch.setattr(copying, "CHUNK", 1_000_000)
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", LARGE)))
    assert run.use_artifact("m:latest").get_file_path("w.bin").read_bytes() == LARGE


def test_a_torn_blob_of_another_program_is_replaced(run: rn.Run, shelves: Store, write: Write) -> None:
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", "whole")))
    [blob] = [Path(entry.path) for entry in shelves.pool.blobs()]
    blob.chmod(0o644)
    blob.unlink()
    blob.write_text("wh")
    run.log_artifact(rn.Artifact("m").add_file(write("w.bin", "whole")))
    assert blob.read_text() == "whole"


def test_where_a_content_has_all_links_it_can_have_it_is_copied(
    run: rn.Run, shelves: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def few(source: Path, target: Path) -> None:
        if os.stat(source).st_nlink > 5:
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target)

    monkeypatch.setattr(os, "link", few)
    for number in range(20):
        folder = write(f"many/{number}.txt", "the same").parent
    run.log_artifact(rn.Artifact("d", "dataset").add_dir(folder))
    assert len(_blobs(shelves)) == 1
    version = shelves.find("d").existing(1)
    assert {path.read_text() for path in (version.path / "files").iterdir()} == {"the same"}
    assert {path.stat().st_mode & 0o777 for path in (version.path / "files").iterdir()} == {0o444}


def test_files_are_synced_in_batches(
    run: rn.Run, shelves: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BATCH_FILES", 10)
    for number in range(45):
        folder = write(f"many/{number}.txt", f"{number}").parent
    run.log_artifact(rn.Artifact("d", "dataset").add_dir(folder))
    assert len(_blobs(shelves)) == 45
    assert not list(shelves.pool.incoming.iterdir())


def test_more_artifacts_than_files_may_be_open_are_no_hindrance(shelves: Store) -> None:
    for number in range(150):
        (shelves.path / "model" / f"m{number}").mkdir(parents=True)
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 100, hard))
    try:
        assert not garbage.find(shelves)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class ReadBytes(Progress):
    """Bytes that were read."""

    def __init__(self) -> None:
        self.count = self.total = 0

    def advance(self, count: int) -> None:
        self.count += count

    def extend(self, count: int) -> None:
        self.total += count


def test_what_has_changed_is_read_once(folder: Path) -> None:
    store, source = Store(folder), folder / "weights.bin"

    def save(content: bytes) -> tuple[str, float]:
        """Return the digest, and how often the file was read."""
        source.write_bytes(content)
        read_bytes = ReadBytes()
        draft = create.Draft("weights", "model", files={"w": source})
        version = create.save(store, draft, read_bytes)
        assert read_bytes.count == len(content) + read_bytes.total
        return version.manifest.files[0].digest, read_bytes.count / len(content)

    def changed(content: bytes, at: int) -> bytes:
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    first, size = os.urandom(3_000_000), 3_000_000
    digest, reads = save(first)
    assert reads == 1 == save(os.urandom(size))[1]
    assert save(first) == (digest, 1)  # not copied
    # Only between the samples: hashed first, and copied then.
    assert save(changed(first, 100_000))[1] == 2
    (store.pool.sizes / str(size)).write_text("")  # by an earlier version
    assert save(first) == (digest, 1)
    assert len(list(store.pool.blobs())) == 3
    # A longer one is read until it differs.
    chunk = copying.CHUNK
    first = first * (4 * chunk // size)
    digest, reads = save(first)
    assert save(changed(first, 100_000))[1] == 1 + chunk / len(first)
    assert save(changed(first, 2 * chunk + 100_000))[1] == 1 + 3 * chunk / len(first)
    assert save(first) == (digest, 1)
    assert len(list(store.pool.blobs())) == 6
