"""`runicorn move-artifacts` moves contents into a bucket and back; none is lost, whatever fails or runs meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from runicorn import _platform
from runicorn.artifacts import create, curation, garbage
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.s3 import mover
from runicorn.artifacts.store import Store
from runicorn_tools.archives import write
from tests.processes import environment
from tests.server.pool.servers import BUCKET
from tests.server.pool.uploading import Lab, content_of, damage, downloaded, log, upload
from tests.waiting import until

MEGABYTE = 2**20
NO_POOL = {"RUNICORN_ARTIFACT_POOL": ""}


def pool_of(lab: Lab) -> str:
    return f"s3://{BUCKET}/{lab.prefix}"


def move(lab: Lab, *options: str) -> subprocess.CompletedProcess[str]:
    return lab.command("move-artifacts", pool_of(lab), *options)


def on_disk(root: Path) -> set[str]:
    """Return the paths of all contents in the folder of a store."""
    artifacts = root / "artifacts"
    files = [*artifacts.glob(".dedup/??/*"), *artifacts.glob("*/*/v*/files/**/*")]
    return {str(path.relative_to(artifacts)) for path in files if path.is_file()}


def test_contents_are_moved_into_the_bucket_and_back(lab: Lab, tmp_path: Path) -> None:
    both, large, own, deleted, unused = (
        content_of(size, 40 + size) for size in (1000, 20 * MEGABYTE, 3000, 4000, 5000)
    )
    log(lab.root, tmp_path / "in", {"a/both": both, "large": large, "empty": b""})
    log(lab.root, tmp_path / "in", {"both": both, "own": own})
    curation.soft_delete(log(lab.root, tmp_path / "in", {"deleted": deleted}))
    curation.delete_for_good(log(lab.root, tmp_path / "in", {"unused": unused}))
    blobs = sorted((lab.root / "artifacts" / ".dedup").glob("??/*"))
    before = on_disk(lab.root)

    dry = move(lab, "--dry-run")
    assert dry.stdout == f"Would move 5 contents (21.0 MB) from {lab.root} into {pool_of(lab)}.\n", dry.stderr
    assert (on_disk(lab.root), lab.s3.keys(lab.prefix)) == (before, [])
    assert not (lab.root / "artifacts" / ".pool.json").exists()

    copied = move(lab, "--keep")
    assert copied.stdout == f"Copied 5 contents (21.0 MB) from {lab.root} into {pool_of(lab)}.\n", (
        copied.stderr
    )
    keys = sorted(map(lab.key, (both, large, own, deleted, b"")))
    assert (on_disk(lab.root), sorted(lab.s3.keys(lab.prefix))) == (before, keys)

    viewer = lab.viewer()
    moved = move(lab)
    assert moved.stdout == f"Moved 5 contents (21.0 MB) from {lab.root} into {pool_of(lab)}.\n", moved.stderr
    assert (on_disk(lab.root), sorted(lab.s3.keys(lab.prefix))) == (set(), keys)
    assert not any(blob.parent.exists() for blob in blobs)
    assert (downloaded(viewer, 1, "large"), downloaded(viewer, 2, "both")) == (large, both)
    assert lab.command("fsck").returncode == 0
    upload(viewer, "sent", {"both": both, "new": b"new"})
    assert move(lab).stdout.startswith("Moved 0 contents (0 B)")

    back = move(lab, "--back")
    line = f"{pool_of(lab)} is empty and no longer used: start viewers without it."
    assert back.stdout.splitlines()[-1] == line, back.stderr
    assert on_disk(lab.root) > before
    objects = lab.s3.client().list_objects_v2(Bucket=BUCKET, Prefix=lab.prefix)
    assert objects.get("Contents", []) == []
    assert lab.command("fsck", **NO_POOL).returncode == 0
    # The viewer with the bucket goes on with the folder.
    assert downloaded(viewer, 1, "new", "sent") == b"new"
    upload(viewer, "sent", {"newer": b"newer"})
    assert downloaded(viewer, 2, "newer", "sent") == b"newer"
    assert lab.s3.keys(lab.prefix) == []
    viewer.stop()
    assert downloaded(lab.viewer(**NO_POOL), 1, "large") == large


@pytest.mark.parametrize(
    "megabytes", [30, *(pytest.param(at, marks=pytest.mark.torture) for at in (1, 60, 70))]
)
@pytest.mark.parametrize("back", [False, True], ids=["to the bucket", "back"])
def test_a_killed_move_is_continued(lab: Lab, tmp_path: Path, megabytes: int, back: bool) -> None:
    files = {str(size): content_of(size, 50) for size in (40 * MEGABYTE, 25 * MEGABYTE, 10 * MEGABYTE, 3, 4)}
    log(lab.root, tmp_path / "in", files)
    log(lab.root, tmp_path / "in", files, "other")
    if back:
        assert move(lab).returncode == 0
    options = ["--back"] * back
    command = [sys.executable, "-m", "runicorn", "move-artifacts", pool_of(lab), *options]
    surroundings = environment(lab.home, RUNICORN_DIR=str(lab.root), **lab.environment)
    lab.network.cut_at = lab.network.passed + megabytes * MEGABYTE
    process = subprocess.Popen(
        command, env=surroundings, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    until(lambda: lab.network.is_cut or process.poll() is not None)
    assert lab.network.is_cut
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    lab.network.restore()
    checked = lab.command("fsck")
    assert checked.returncode == 0, checked.stdout

    assert move(lab, *options).returncode == 0
    assert lab.s3.unfinished(lab.prefix) == []
    assert lab.command("fsck").returncode == 0
    if back:
        assert lab.s3.keys(lab.prefix) == []
        assert len(on_disk(lab.root)) == 3 * len(files)
    else:
        assert on_disk(lab.root) == set()
        assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, files.values()))
    assert list((lab.root / "artifacts" / ".dedup" / ".incoming").iterdir()) == []
    viewer = lab.viewer()
    for path, content in files.items():
        assert downloaded(viewer, 1, path) == content


def test_damaged_contents_are_reported_and_stay(lab: Lab, tmp_path: Path) -> None:
    good, bad, large, intact = (content_of(size, 60) for size in (1000, 2000, 20 * MEGABYTE, 3000))
    version = log(lab.root, tmp_path / "in", {"good": good, "bad": bad, "large": large, "intact": intact})
    names = {file.path: file.digest for file in version.manifest.files}
    for path in ("bad", "large"):
        damage(version.file_path(path))
    # A copy that is no link to the pool is damaged, and the pool is intact.
    copy = version.file_path("intact")
    copy.unlink()
    copy.write_bytes(intact[:-1])
    moved = move(lab)
    assert moved.returncode == 1
    assert moved.stdout == f"Moved 2 contents (4.0 kB) from {lab.root} into {pool_of(lab)}.\n"
    lines = moved.stderr.splitlines()
    assert len(lines) == 2
    for path in ("bad", "large"):
        sentence = (
            f"runicorn: {path!r} of net:v1 is damaged and was not moved: content differs, last written "
        )
        assert any(line.startswith(sentence) for line in lines), lines
    assert sorted(lab.s3.keys(lab.prefix)) == sorted(map(lab.key, (good, intact)))
    assert lab.s3.unfinished(lab.prefix) == []
    pool = Store(lab.root).pool
    assert on_disk(lab.root) == {
        *(f"model/net/v1/files/{path}" for path in ("bad", "large")),
        *(str(pool.blob(names[path]).relative_to(lab.root / "artifacts")) for path in ("bad", "large")),
    }
    assert downloaded(lab.viewer(), 1, "intact") == intact


def test_damaged_objects_are_reported_and_stay(lab: Lab, tmp_path: Path) -> None:
    good, bad = content_of(1000, 61), content_of(2000, 61)
    log(lab.root, tmp_path / "in", {"good": good, "bad": bad})
    assert move(lab).returncode == 0
    lab.s3.client().put_object(Bucket=BUCKET, Key=lab.key(bad), Body=bad[:-1] + b"!")
    moved = move(lab, "--back")
    assert moved.returncode == 1
    assert moved.stderr.startswith("runicorn: 'bad' of net:v1 is damaged and was not moved: content differs")
    assert moved.stdout == f"Moved 1 content (1.0 kB) from {pool_of(lab)} into {lab.root}.\n"
    assert lab.s3.keys(lab.prefix) == [lab.key(bad)]
    assert (lab.root / "artifacts" / ".pool.json").exists()
    log(lab.root, tmp_path / "in", {"bad": bad}, "again")  # from another copy
    assert move(lab).returncode == 0
    assert lab.command("fsck").returncode == 0


def test_a_damaged_object_is_replaced_by_the_content_of_the_folder(lab: Lab, tmp_path: Path) -> None:
    contents = {"small": content_of(1000, 62), "large": content_of(20 * MEGABYTE, 62)}
    log(lab.root, tmp_path / "in", contents)
    assert move(lab, "--keep").returncode == 0
    for content in contents.values():
        key, s3 = lab.key(content), lab.s3.client()
        mark = s3.head_object(Bucket=BUCKET, Key=key)["Metadata"]
        # With its metadata, as if the disks of the server had damaged it.
        s3.put_object(Bucket=BUCKET, Key=key, Body=content[:-1] + bytes([content[-1] ^ 1]), Metadata=mark)
    assert move(lab).returncode == 0
    assert on_disk(lab.root) == set()
    assert lab.command("fsck").returncode == 0


def test_a_viewer_that_does_not_use_the_bucket_is_named(lab: Lab, tmp_path: Path) -> None:
    log(lab.root, tmp_path / "in", {"good": b"good"})
    viewer, before = lab.viewer(**NO_POOL), on_disk(lab.root)
    refused = move(lab)
    assert (refused.returncode, on_disk(lab.root)) == (4, before)
    assert refused.stderr == (
        f"runicorn: The viewer at {viewer.url} does not use {pool_of(lab)}: "
        f"restart it with --artifact-pool {pool_of(lab)}, or stop it.\n"
    )
    viewer.stop()
    assert move(lab).returncode == 0


def test_moves_that_cannot_begin_are_refused_with_one_sentence(lab: Lab, tmp_path: Path) -> None:
    log(lab.root, tmp_path / "in", {"good": b"good"})
    malformed = lab.command("move-artifacts", "folder")
    assert (malformed.returncode, malformed.stderr) == (
        2,
        "runicorn: The pool of artifacts must be like s3://bucket/prefix, not 'folder'\n",
    )
    with _platform.file_lock(
        lab.root / "artifacts" / ".move.lock"
    ):  # that move may be about to unbind the store
        assert move(lab).returncode == 4
    assert not (lab.root / "artifacts" / ".pool.json").exists()
    missing = lab.command("move-artifacts", "s3://nowhere/x")
    assert missing.stderr == "runicorn: s3://nowhere/x: there is no such bucket.\n"
    assert move(lab).returncode == 0
    other = lab.command("move-artifacts", f"{pool_of(lab)}/other", "--back")
    assert other.returncode == 2 and "Contents of " in other.stderr, other.stderr
    with _platform.file_lock(lab.root / "artifacts" / ".move.lock"):
        second = move(lab, "--back")
    assert (second.returncode, second.stderr) == (
        4,
        f"runicorn: Another process is moving the contents of {lab.root}.\n",
    )
    full = lab.command("move-artifacts", pool_of(lab), "--back", RUNICORN_RESERVE="100%")
    assert full.returncode == 1 and full.stderr.startswith("runicorn: No space left on the disk: 4 B needed")
    assert lab.s3.keys(lab.prefix) == [lab.key(b"good")]
    lab.network.cut()
    away = move(lab, "--back")
    assert away.returncode == 4 and "cannot be reached at" in away.stderr
    assert len(away.stderr.splitlines()) == 1


def test_an_export_contains_what_is_moved_while_it_runs(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"small": content_of(1000, 71), "large": content_of(20 * MEGABYTE, 71)}
    log(lab.root, tmp_path / "in", files)
    assert move(lab, "--keep").returncode == 0
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    version = Store(lab.root).find("net").version(1)
    entries = list(write.version_entries(lab.root, [version]))
    assert move(lab).returncode == 0
    with (tmp_path / "all.zip").open("wb") as target:
        write.write_zip(target, b"{}", entries)
    packed = zipfile.ZipFile(tmp_path / "all.zip")
    contents = [packed.read(name) for name in packed.namelist() if ".dedup" in name]
    assert sorted(contents, key=len) == list(files.values())
    # Without the variable it fails.
    monkeypatch.delenv("RUNICORN_ARTIFACT_POOL")
    version = Store(lab.root).find("net").version(1)
    entries = [entry._replace(content=entry.content and (version, entry.content[1])) for entry in entries]
    with (tmp_path / "none.zip").open("wb") as target, pytest.raises(DamagedFile, match="set RUNICORN_ARTI"):
        write.write_zip(target, b"{}", entries)


def test_files_are_linked_in_portions_between_which_others_may_save(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, files = lab.viewer(), {str(number): content_of(100, 80 + number) for number in range(7)}
    upload(viewer, "net", files)
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    store = Store(lab.root)
    assert store.bucket is not None
    moved = mover.Mover(store, store.bucket)
    contents = moved.in_bucket()
    upload(viewer, "later", files)
    monkeypatch.setattr(mover, "BATCH_CONTENTS", 2)
    linked, alone, place = list[int](), garbage.alone, create.place

    def lock(store: Store, patience: float) -> ExitStack:
        linked.append(0)
        return alone(store, patience)

    def link(*arguments: Any) -> bool:
        linked[-1] += 1
        return place(*arguments)

    monkeypatch.setattr(garbage, "alone", lock)
    monkeypatch.setattr(create, "place", link)
    assert moved.to_folder(contents).is_unbound
    assert (sum(linked), max(linked)) == (14, 2)
    assert len(on_disk(lab.root)) == 21


def test_versions_are_saved_and_uploaded_while_contents_are_moved(lab: Lab, tmp_path: Path) -> None:
    viewer, ends, problems = lab.viewer(), threading.Event(), list[str]()
    common = content_of(2000, 70)

    def work(store: str) -> None:
        for number in range(1, 7):
            files = {"common": common, "own": f"{store} {number}".encode()}
            try:
                if store == "saved":
                    log(lab.root, tmp_path / "in", files, store)
                else:
                    upload(viewer, store, files)
            except (AssertionError, ArtifactError, requests.RequestException) as error:
                problems.append(repr(error))

    def to_and_fro() -> None:
        while not ends.is_set():
            for options in ([], ["--back"]):
                process = move(lab, *options)
                if process.returncode or "Traceback" in process.stderr:
                    problems.append(process.stderr)

    mover = threading.Thread(target=to_and_fro)
    workers = [threading.Thread(target=work, args=(store,)) for store in ("saved", "sent")]
    for thread in (mover, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    ends.set()
    mover.join()
    assert problems == []
    checked = lab.command("fsck")
    assert checked.returncode == 0, checked.stdout
    for store in ("saved", "sent"):
        for number in range(1, 7):
            assert downloaded(viewer, number, "common", store) == common
            assert downloaded(viewer, number, "own", store) == f"{store} {number}".encode()
