"""Manifests of stores with few changes are cheap and still correct."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from runicorn.manifest import ManifestGenerator, ManifestType
from runicorn_tools.sync.manifest import disk as disk_module
from runicorn_tools.sync.manifest import generator as generator_module
from tests.tools.sync.stores import age, write_store


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count folders listed and files read by a generator."""
    calls: list[str] = []
    listing, reading, ends = disk_module._items, generator_module.about, generator_module.ends

    def items(path: Path) -> Any:
        calls.append(path.name)
        return listing(path)

    def about(root: Path, folder: str, files: Any) -> Any:
        calls.append(f"said {folder}")
        return reading(root, folder, files)

    def hashed(path: Path, size: int) -> Any:
        calls.append(f"hashed {path.name}")
        return ends(path, size)

    monkeypatch.setattr(disk_module, "_items", items)
    monkeypatch.setattr(generator_module, "about", about)
    monkeypatch.setattr(generator_module, "ends", hashed)
    return calls


def test_runs_that_ended_are_not_listed_again(folder: Path, looked: list[str]) -> None:
    folders = write_store(folder, 12)
    first, _ = ManifestGenerator(folder).generate()
    assert {run.name for run in folders} <= set(looked)
    looked.clear()
    again, _ = ManifestGenerator(folder).generate()
    # The root, its projects and the folders of runs; none of the runs.
    assert sorted(set(looked)) == ["project0", "project1", "project2", "runs", "store"]
    assert [entry.to_dict() for entry in again.experiments] == [
        entry.to_dict() for entry in first.experiments
    ]


def test_without_saved_state_everything_is_scanned(folder: Path, looked: list[str]) -> None:
    (run,) = write_store(folder, 1)
    ManifestGenerator(folder).generate()
    looked.clear()
    ManifestGenerator(folder, incremental=False).generate()
    assert run.name in looked and "hashed events.jsonl" in looked


def test_a_journal_that_grows_is_seen_although_its_folder_does_not_change(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    (run / "status.json").write_text('{"status": "running", "started_at": 1.0}')
    age(folder)
    before, _ = ManifestGenerator(folder).generate()
    stamp = run.stat().st_mtime_ns
    with (run / "events.jsonl").open("a") as journal:
        journal.write('{"type": "metrics"}\n')
    after, _ = ManifestGenerator(folder).generate()
    assert run.stat().st_mtime_ns == stamp
    assert after.total_bytes > before.total_bytes and after.revision == before.revision + 1


def test_a_run_that_goes_on_is_seen(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    ManifestGenerator(folder).generate()
    # The first thing that the SDK does: replace status.json.
    (run / ".new").write_text('{"status": "running", "started_at": 1.0}')
    os.replace(run / ".new", run / "status.json")
    manifest, _ = ManifestGenerator(folder).generate()
    assert manifest.experiments[0].status == "running"
    with (run / "events.jsonl").open("a") as journal:
        journal.write('{"type": "metrics"}\n')
    grown, _ = ManifestGenerator(folder).generate()
    assert grown.total_bytes > manifest.total_bytes


def test_a_new_picture_is_seen(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    (run / "status.json").write_text('{"status": "running", "started_at": 1.0}')
    before, _ = ManifestGenerator(folder).generate()
    (run / "media" / "2_picture.png").write_bytes(b"new")
    after, _ = ManifestGenerator(folder).generate()
    assert after.total_files == before.total_files + 1


def test_what_no_folder_shows_is_found_within_a_day(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    now = time.time()
    first, _ = ManifestGenerator(folder, clock=lambda: now).generate()
    with (run / "logs.txt").open("a") as log:
        log.write("a line by hand\n")
    os.utime(run / "logs.txt", (now - 90_000, now - 90_000))
    soon, _ = ManifestGenerator(folder, clock=lambda: now + 3600).generate()
    later, _ = ManifestGenerator(folder, clock=lambda: now + 90_000).generate()
    assert soon.total_bytes == first.total_bytes < later.total_bytes


def test_the_revision_grows_when_something_changed_and_only_then(folder: Path) -> None:
    first, second = write_store(folder, 2)
    make = ManifestGenerator(folder).generate
    (earlier, _), (two, _) = make(), make()
    assert (earlier.revision, earlier.snapshot_id) == (two.revision, two.snapshot_id)
    (first / ".deleted").write_text("{}")
    three, _ = make()
    assert three.revision == two.revision + 1 and three.snapshot_id != two.snapshot_id
    active, _ = make(ManifestType.ACTIVE)
    assert active.revision > three.revision  # one counter: for a reader of both it never decreases
    again, _ = make()
    assert again.revision == three.revision
    (second / "config.json").unlink()
    four, _ = make()
    assert four.revision > active.revision


def test_a_lost_state_does_not_turn_the_revision_back(folder: Path) -> None:
    (run,) = write_store(folder, 1)
    for number in range(5):
        (run / f"media/{number}.png").touch()
        (run / "status.json").touch()
        last, _ = ManifestGenerator(folder, incremental=False).generate()
    for name in (".manifest_state.json", ".manifest_scan.json"):
        (folder / ".runicorn" / name).unlink()
    manifest, _ = ManifestGenerator(folder).generate()
    assert manifest.revision == last.revision + 1


@pytest.mark.parametrize(
    "rubbish", [b"", b"{}", b"[1]", b'{"version": 1, "root": "x"}', b"\xff", b'{"version":']
)
def test_a_damaged_scan_state_is_rebuilt(folder: Path, rubbish: bytes) -> None:
    write_store(folder, 2)
    first, _ = ManifestGenerator(folder).generate()
    (folder / ".runicorn" / ".manifest_scan.json").write_bytes(rubbish)
    again, _ = ManifestGenerator(folder).generate()
    assert again.revision == first.revision


def test_a_run_that_is_gone_leaves_the_manifest(folder: Path) -> None:
    first, second = write_store(folder, 2)
    ManifestGenerator(folder).generate()
    first.rename(folder / "elsewhere")
    manifest, _ = ManifestGenerator(folder).generate()
    assert [entry.run_id for entry in manifest.experiments] == [second.name]


def test_a_disk_that_is_not_mounted_deletes_nothing(folder: Path, tmp_path: Path) -> None:
    write_store(folder, 2)
    out = tmp_path / "out"
    ManifestGenerator(folder, output_dir=out).generate()
    before = (out / "full_manifest.json").read_bytes()
    folder.rename(tmp_path / "unmounted")
    folder.mkdir()
    with pytest.raises(OSError, match="its disk may not be mounted"):
        ManifestGenerator(folder, output_dir=out).generate()
    assert (out / "full_manifest.json").read_bytes() == before


def test_several_generators_at_once_take_turns(folder: Path) -> None:
    write_store(folder, 6)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_generate_often, args=(folder, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    torn = 0
    while any(worker.is_alive() for worker in workers):
        for path in (folder / ".runicorn").glob("*_manifest.json"):
            torn += not json.loads(path.read_text())["experiments"] and path.name.startswith("full")
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert torn == 0
    last, path = ManifestGenerator(folder).generate()
    assert json.loads(path.read_text())["revision"] == last.revision


def _generate_often(folder: Path, number: int) -> None:
    run = sorted(folder.glob("*/*/runs/*"))[number]
    for turn in range(5):
        (run / f"media/{turn}.png").touch()
        ManifestGenerator(folder, incremental=turn % 2 == 0).generate(list(ManifestType)[turn % 2])
