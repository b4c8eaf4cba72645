"""Stores that the packages runicorn 0.6.0 and 0.7.2 wrote, as they are."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.manifest import ManifestGenerator
from runicorn.store import find
from runicorn_tools.archives.read import import_archive
from runicorn_tools.cli import app
from runs.active_root import activate, active_root
from runs.models import Run
from tests.answers import read
from tests.server.runs.conftest import Listing

YOLO = "20260105_090000_a1b2c3"
PLACES = {
    YOLO: ("cv", "detection/yolo", "runs/cv/detection/yolo"),
    "20260105_100000_b2c3d4": ("nlp", "default", "runs/nlp"),
    "20260106_110000_c3d4e5": ("default", "default", "runs/default"),
    "20260107_120000_d4e5f6": ("default", "default", "runs"),
    "named-by-hand": ("cv", "detection", "runs/cv/detection"),
}
FOLDERS = {f"{folder}/{run_id}" for run_id, (_, _, folder) in PLACES.items()}


@pytest.fixture(params=["0.6.0", "0.7.2"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, home: Path, db: None) -> Path:
    """The store of one of the versions, active."""
    root = tmp_path / "store"
    with tarfile.open(Path(__file__).parents[2] / "fixtures" / f"runicorn-store-{request.param}.tar.gz") as f:
        f.extractall(root, filter="data")
    activate(root)
    return root


def test_every_run_is_listed_under_its_path(opened: Path, list_runs: Listing, api: Any) -> None:
    paths = {item["id"]: (item["project"], item["name"], item["run_dir"]) for item in list_runs()}
    assert paths == {
        run_id: (project, name, f"{opened}/{folder}/{run_id}")
        for run_id, (project, name, folder) in PLACES.items()
    }
    assert {item["id"]: item["status"] for item in list_runs()}["named-by-hand"] == "interrupted"
    (run,) = read(api.get("/api/projects/cv/names/detection%2Fyolo/runs"))
    assert run["id"] == YOLO
    assert read(api.get("/api/projects"))["projects"] == ["cv", "default", "nlp"]


def test_a_run_is_found_before_any_listing(opened: Path, api: Any) -> None:
    run = read(api.get(f"/api/runs/{YOLO}"))
    assert (run["project"], run["name"], run["status"]) == ("cv", "detection/yolo", "finished")
    assert run["warnings"] == [] and run["tags"] == ["best-v2"]
    assert run["summary"]["best_metric_value"] == 0.5 and run["summary"]["final"] == 0.2


def test_metrics_log_and_media_are_read(opened: Path, api: Any) -> None:
    metrics = read(api.get(f"/api/runs/{YOLO}/metrics"))
    assert [(row["global_step"], row["acc"]) for row in metrics["rows"]] == [(n, n / 10) for n in range(1, 6)]
    log = api.get(f"/api/runs/{YOLO}/logs")
    assert b"half way" in b"".join(log.streaming_content)
    (image,) = read(api.get(f"/api/runs/{YOLO}/media"))
    assert (image["key"], image["step"], image["caption"]) == ("sample", 3, "a pixel")


def test_settings_and_assets_are_values_of_the_config(opened: Path, api: Any) -> None:
    config = read(api.get(f"/api/runs/{YOLO}"))["config"]
    assert config == {
        "lr": 0.1,
        "optim.name": "sgd",
        "note": "baseline",
        "config_files": ["conf.yaml"],
        "datasets.digits": "/tmp/lab/work/train.csv",
        "pretrained.resnet18": "torchvision://resnet18",
    }
    matches = read(api.get("/api/v2/experiments?where=config.lr < 0.2"))["experiments"]
    assert [run["id"] for run in matches] == [YOLO]


def test_a_run_that_begins_later_is_seen(opened: Path, look: Any) -> None:
    from runs.index import discovery

    look()
    folder = opened / "runs" / "new" / "path" / "20260108_130000_e5f6a7"
    folder.mkdir(parents=True)
    discovery.tick(active_root())
    (folder / "meta.json").write_text('{"id": "20260108_130000_e5f6a7", "path": "new/path"}')
    discovery.tick(active_root())
    run = Run.objects.get(run_id=folder.name)
    assert (run.project, run.name) == ("new", "path")


def test_runs_are_deleted_restored_and_removed(opened: Path, api: Any, look: Any) -> None:
    look()
    ids = [YOLO, "named-by-hand"]
    assert read(api.post("/api/runs/soft-delete", {"run_ids": ids}))["deleted_count"] == 2
    assert read(api.post("/api/recycle-bin/restore", {"run_ids": [YOLO]}))["restored_count"] == 1
    assert read(api.post("/api/recycle-bin/empty", {"confirm": True}))["permanently_deleted"] == 1
    assert set(find.all_runs(opened)) == FOLDERS - {"runs/cv/detection/named-by-hand"}


def test_the_manifest_names_every_run_and_file(opened: Path) -> None:
    for incremental in (False, True):
        manifest, _ = ManifestGenerator(opened, incremental=incremental).generate()
        assert {run.folder for run in manifest.experiments} == FOLDERS
        assert {run.run_id: (run.project, run.name) for run in manifest.experiments} == {
            run_id: place[:2] for run_id, place in PLACES.items()
        }
    (yolo,) = [run for run in manifest.experiments if run.run_id == YOLO]
    names = {file.path.removeprefix(f"{yolo.folder}/") for file in yolo.files}
    assert {"meta.json", "status.json", "summary.json", "assets.json", "events.jsonl", "logs.txt"} < names
    assert any(name.startswith("media/") for name in names)


@pytest.mark.parametrize("name", ["all.zip", "all.tar.gz"])
def test_an_archive_of_it_can_be_imported(opened: Path, tmp_path: Path, name: str) -> None:
    archive, other = tmp_path / name, tmp_path / "other"
    command = ["export", "--output", str(archive), "--storage", str(opened)]
    assert CliRunner().invoke(app, command).exit_code == 0
    other.mkdir()
    with archive.open("rb") as file:
        outcome = import_archive(other, file)
    assert set(outcome.runs) == set(find.all_runs(other)) == FOLDERS and not outcome.left
    for path in (opened / "runs").rglob("*"):
        if path.is_file() and not path.name.endswith(".lock"):
            assert (other / path.relative_to(opened)).read_bytes() == path.read_bytes()


def test_the_command_line_finds_its_runs(opened: Path) -> None:
    command = ["manage", "--action", "search", "--name", "detection/yolo", "--storage", str(opened)]
    result = CliRunner().invoke(app, command)
    assert YOLO in result.output and "named-by-hand" not in result.output
