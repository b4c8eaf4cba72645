"""A folder is a run only when it holds a file of Runicorn's, and deleting a run removes nothing else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.manifest import ManifestGenerator
from runicorn.store import find
from runicorn_tools import cleaning
from runicorn_tools.cli import app
from runs.active_root import active_root
from runs.models import Run
from tests.answers import read
from tests.folders import folder_of, write_run
from tests.server.runs.conftest import Listing

RUN_ID = "20240101_000000_abc123"
INNER = "20240102_000000_abc123"


@pytest.fixture
def tensorboard(store: Path) -> list[Path]:
    """Files of other programs where a store has its runs."""
    files = [
        store / "runs" / "exp2" / "events.out.tfevents.1700000000.host.1.0",
        store / "runs" / "exp2" / "config.json",
        store / "runs" / "exp2" / "summary.json",
        store / "runs" / "exp2" / "logs.txt",
        store / "runs" / "detect" / "train" / "weights" / "best.pt",
        store / "yolo" / "detect" / "runs" / "train3" / "args.yaml",
    ]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"of": "another program"}')
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return files


def delete_for_good(api: Any, *run_ids: str) -> dict[str, Any]:
    """Delete runs and empty the bin; the answer of the second."""
    read(api.post("/api/runs/soft-delete", {"run_ids": list(run_ids)}))
    answer: dict[str, Any] = read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    return answer


def test_a_folder_without_a_file_of_runicorn_is_no_run_anywhere(
    store: Path, tensorboard: list[Path], list_runs: Listing, api: Any
) -> None:
    run_id = write_run(store)
    assert [item["id"] for item in list_runs()] == [run_id]
    assert [folder.rpartition("/")[2] for folder in find.all_runs(store)] == [run_id]
    assert find.find(store, "exp2") == find.find(store, "train3") == []
    manifest, _ = ManifestGenerator(store).generate()
    assert [entry.run_id for entry in manifest.experiments] == [run_id]
    assert api.get("/api/runs/exp2").status_code == 400
    read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert all(path.exists() for path in tensorboard)


def test_cleanup_of_the_command_line_leaves_foreign_folders(
    store: Path, tensorboard: list[Path], api: Any, look: Any
) -> None:
    old = write_run(store, created_at=time.time() - 90 * 86_400)
    for path in folder_of(store, old).iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    command = ["manage", "--action", "cleanup", "--days", "30", "--force", "--storage", str(store)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert [path.parent.name for path in store.rglob(".deleted")] == [old]
    look()
    read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert all(path.exists() for path in tensorboard)
    assert not list(store.rglob(old))


def test_rows_of_folders_that_are_no_runs_go_away(
    store: Path, tensorboard: list[Path], list_runs: Listing, api: Any
) -> None:
    """An earlier version listed them, and may even have put them into the recycle bin."""
    folders = [tensorboard[0].parent, tensorboard[-1].parent]
    for folder in folders:
        (folder / "meta.json").write_text("{}")
    assert len(list_runs()) == 2
    for folder in folders:
        (folder / ".deleted").write_text("{}")
        (folder / "meta.json").unlink()
    answer = read(api.post("/api/recycle-bin/empty", {"confirm": True}))
    assert answer["permanently_deleted"] == 0
    assert all(path.exists() for path in tensorboard)
    assert list_runs() == []
    assert not Run.objects.in_root(active_root()).exists()


def test_cleaning_removes_no_temporary_file_of_another_program(store: Path, tensorboard: list[Path]) -> None:
    theirs = tensorboard[0].parent / ".weights.tmp"
    theirs.write_text("being written")
    assert list(cleaning.leftovers(store, time.time() + 10)) == []


def test_a_folder_becomes_a_run_with_its_first_file(store: Path, list_runs: Listing) -> None:
    folder = store / "vision" / "resnet" / "runs" / RUN_ID
    folder.mkdir(parents=True)
    assert list_runs() == []
    (folder / "status.json").write_text('{"status": "running"}')
    assert [item["id"] for item in list_runs()] == [RUN_ID]


def test_a_run_whose_files_are_gone_is_listed_no_more(store: Path, list_runs: Listing, api: Any) -> None:
    run_id = write_run(store)
    assert len(list_runs()) == 1
    for path in folder_of(store, run_id).iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    assert api.get(f"/api/runs/{run_id}").status_code == 404
    assert list_runs() == []


def test_deleting_a_run_without_its_id_in_meta_removes_only_files_of_runicorn(
    store: Path, api: Any, look: Any
) -> None:
    run_id = write_run(store, "other", "tool", run_id="exp-1", metrics=[{"loss": 1.0}], logs="hello\n")
    folder = folder_of(store, run_id)
    (folder / "meta.json").unlink()
    theirs = [folder / "weights.pt", folder / "checkpoints" / "1.pt", folder / "media" / "film.mp4"]
    for path in theirs:
        path.parent.mkdir(exist_ok=True)
        path.write_text("months of work")
    image = folder / "media" / "1795739694659_b4d72b_sample.png"
    image.write_text("x")
    look()
    assert delete_for_good(api, run_id)["permanently_deleted"] == 1
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(theirs)
    look()
    assert not Run.objects.in_root(active_root()).exists()


@pytest.mark.parametrize("where", ["runs", "nested/store/p/n/runs"])
def test_deleting_a_run_keeps_a_run_within_its_folder(store: Path, where: str, api: Any, look: Any) -> None:
    outer = folder_of(store, write_run(store, run_id=RUN_ID))
    inner = outer / where / INNER
    inner.mkdir(parents=True)
    (inner / "meta.json").write_text(json.dumps({"id": INNER}))
    (inner / "model.pt").write_text("months of work")
    (outer / "scratch").mkdir()
    (outer / "scratch" / "x.bin").write_text("of the outer run")
    look()
    assert delete_for_good(api, RUN_ID)["permanently_deleted"] == 1
    assert (inner / "meta.json").exists() and (inner / "model.pt").exists()
    assert not (outer / "meta.json").exists() and not (outer / "scratch").exists()
    look()
    assert not Run.objects.in_root(active_root()).filter(run_id=RUN_ID).exists()
