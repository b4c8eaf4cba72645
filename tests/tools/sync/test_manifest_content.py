"""The entries of a manifest for runs of every kind."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn.manifest import ManifestGenerator, ManifestType
from runicorn.store.process_identity import host_identity
from runicorn_tools.sync.manifest import disk
from tests.folders import write_run
from tests.tools.sync.stores import LONG_AGO, age, write_store


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def runs(manifest: Any) -> dict[str, Any]:
    return {entry.run_id: entry for entry in manifest.experiments}


def names(entry: Any) -> list[str]:
    return [file.path.removeprefix(f"{entry.folder}/") for file in entry.files]


def test_a_manifest_has_the_documented_form(folder: Path) -> None:
    write_store(folder, 2)
    manifest, path = ManifestGenerator(folder).generate()
    content = read(path)
    assert path == folder / ".runicorn" / "full_manifest.json"
    assert list(content)[:7] == [
        "format_version",
        "manifest_type",
        "revision",
        "snapshot_id",
        "generated_at",
        "server_hostname",
        "remote_root",
    ]
    assert (content["format_version"], content["manifest_type"], content["revision"]) == ("1.0", "full", 1)
    assert content["generator_version"] == "1.0" and content["remote_root"] == str(folder)
    assert content["statistics"] == {
        "total_experiments": manifest.total_experiments,
        "total_files": manifest.total_files,
        "total_bytes": manifest.total_bytes,
    }
    run = content["experiments"][0]
    assert {"run_id", "project", "name", "status", "created_at", "updated_at", "files", "tags"} == set(run)
    journal = next(file for file in run["files"] if file["path"].endswith("events.jsonl"))
    bytes_of = (folder / journal["path"]).read_bytes()
    assert journal["size"] == len(bytes_of) and journal["is_append_only"] is True
    assert journal["priority"] == 2
    assert journal["tail_hash"] == hashlib.md5(bytes_of[-4096:]).hexdigest()
    assert journal["mtime"] == (folder / journal["path"]).stat().st_mtime


def test_the_compressed_manifest_is_the_same(folder: Path) -> None:
    write_store(folder, 3)
    for kind in ManifestType:
        _, path = ManifestGenerator(folder).generate(kind)
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()


def test_files_come_by_priority_and_media_last(folder: Path) -> None:
    write_store(folder, 1)
    manifest, _ = ManifestGenerator(folder).generate()
    (entry,) = manifest.experiments
    assert names(entry) == [
        "config.json",
        "meta.json",
        "status.json",
        "summary.json",
        "events.jsonl",
        "logs.txt",
        "media/1_picture.png",
    ]


def test_a_deleted_run_is_marked_and_its_marker_is_among_its_files(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    (run / ".deleted").write_text('{"deleted_at": 12.5, "reason": "user_deleted"}')
    manifest, _ = ManifestGenerator(folder).generate()
    (entry,) = manifest.experiments
    assert entry.deleted_at == 12.5 and ".deleted" in names(entry)


def test_runs_of_the_old_layout_are_listed(folder: Path) -> None:
    run = folder / "runs" / "20250101_000000_abcdef"
    run.mkdir(parents=True)
    (run / "meta.json").write_text('{"project": "old", "name": "exp", "created_at": 5.0}')
    (run / "events.jsonl").write_text("{}\n")
    manifest, _ = ManifestGenerator(folder).generate()
    (entry,) = manifest.experiments
    assert (entry.project, entry.name, entry.status, entry.created_at) == ("old", "exp", "unknown", 5.0)
    assert entry.folder == "runs/20250101_000000_abcdef"


def test_what_is_not_a_run_s_stays_where_it_is(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    (run / "checkpoint.bin").write_bytes(b"large")
    (run / ".artifacts.lock").touch()
    (run / ".meta.json.1.abcd.tmp").touch()
    (folder / "artifacts" / "model" / "runs" / "x").mkdir(parents=True)
    (run / "media" / "link.png").symlink_to("/etc/passwd")
    manifest, _ = ManifestGenerator(folder).generate()
    assert len(manifest.experiments) == 1 and manifest.total_files == 7


def test_a_run_that_cannot_be_read_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_store(folder, 2)
    reference, _ = ManifestGenerator(folder).generate()
    listing = disk._items

    def refused(path: Path) -> Any:
        if path.name == first.name:
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(disk, "_items", refused)  # root, as in CI, can read everything
    (first / "status.json").touch()
    (first / ".new").touch()
    manifest, _ = ManifestGenerator(folder).generate()
    assert manifest.unread == [first.relative_to(folder).as_posix()]
    assert runs(manifest)[first.name] == runs(reference)[first.name]
    manifest, _ = ManifestGenerator(folder, incremental=False).generate()
    assert set(runs(manifest)) == {second.name} and manifest.unread


def test_one_bad_run_spoils_nothing(folder: Path) -> None:
    first, second = write_store(folder, 2)
    (first / "events.jsonl").unlink()
    (first / "events.jsonl").mkdir()
    (first / "meta.json").write_bytes(b"\xff\xfe torn")
    (first / "status.json").write_text('["not", "an", "object"]')
    (folder / "project0" / "name0" / "runs" / "not a folder").touch()
    manifest, _ = ManifestGenerator(folder).generate()
    entries = runs(manifest)
    assert entries[second.name].status == "finished"
    assert entries[first.name].status == "unknown"
    assert "events.jsonl" not in names(entries[first.name])


def test_the_active_one_holds_what_is_being_written(folder: Path, home: Path) -> None:
    write_store(folder, 3)
    run = rn.init("live", "one", storage=folder, capture_env=False, system_metrics=False)
    run.log({"loss": 1.0})
    growing = write_run(folder, "live", "two", metrics=[{"loss": 1.0}], status="running", created_at=LONG_AGO)
    old = folder / "live" / "two" / "runs" / growing
    age(folder)
    os.utime(old / "events.jsonl")  # its folder was last changed two days ago
    manifest, path = ManifestGenerator(folder).generate(ManifestType.ACTIVE)
    assert path.name == "active_manifest.json"
    # The first run wrote nothing for two days, but its process is alive.
    assert set(runs(manifest)) == {run.id, growing}
    run.finish()


def test_the_window_of_the_active_one_is_given(folder: Path) -> None:
    write_store(folder, 1)
    age(folder, 500)
    wide, _ = ManifestGenerator(folder, active_window_seconds=1000).generate(ManifestType.ACTIVE)
    narrow, _ = ManifestGenerator(folder, active_window_seconds=100).generate(ManifestType.ACTIVE)
    assert (wide.total_experiments, narrow.total_experiments) == (1, 0)


def test_manifests_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    write_store(folder, 1)
    _, path = ManifestGenerator(folder, output_dir=tmp_path / "out").generate()
    assert path == tmp_path / "out" / "full_manifest.json" and not (folder / ".runicorn").exists()
    _, path = ManifestGenerator(folder).generate(output_path=tmp_path / "a.b")
    assert path == tmp_path / "a.b" and (tmp_path / "a.b.gz").exists()


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ManifestGenerator(tmp_path / "nothing", output_dir=tmp_path / "out").generate()
    assert not (tmp_path / "out" / "full_manifest.json").exists()


def test_the_time_of_a_manifest_is_when_it_was_made(folder: Path) -> None:
    write_store(folder, 1)
    before = time.time()
    manifest, path = ManifestGenerator(folder).generate()
    assert before <= manifest.generated_at <= time.time()
    assert read(path)["generated_at"] == manifest.generated_at


def test_machine_identity_is_compared_as_the_viewer_does(folder: Path, home: Path) -> None:
    # A dead process of this machine does not keep its run in the active manifest.
    run_id = write_run(
        folder, status="running", created_at=LONG_AGO, **host_identity(), pid=2**22 - 1, process_start=1.0
    )
    age(folder)
    manifest, _ = ManifestGenerator(folder).generate(ManifestType.ACTIVE)
    assert run_id not in runs(manifest)
