"""Stores made by the trackers themselves (tests/fixtures/foreign/make.py), compared point by point."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from typer.testing import CliRunner

from runicorn.store import find, layout
from runicorn_importers.cli.import_from import Tracker, reader
from runicorn_importers.experiment import Experiment, Point
from runicorn_importers.writing.writer import REPORTS, import_experiments
from runicorn_tools.cli import app
from tests.fixtures.foreign.make import STEPS, losses

ARCHIVES = Path(__file__).parent.parent / "fixtures" / "foreign"
TRACKERS = ["mlflow", "wandb", "trackio", "tensorboard"]
OTHERS = ["dvclive", "sacred", "swanlab", "clearml", "comet"]
SINGLE = [(step, struct.unpack("<f", struct.pack("<f", loss))[0]) for step, loss in losses()]
"""TensorBoard keeps single precision."""


def unpacked(tracker: str, folder: Path) -> Path:
    with tarfile.open(ARCHIVES / f"{tracker}.tar.gz") as archive:
        archive.extractall(folder / tracker, filter="data")
    return folder / tracker


def run_import(tracker: str, path: Path, root: Path, *more: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        app, ["import-from", tracker, str(path), "--storage", str(root), "--json", *more]
    )
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def runs(root: Path) -> dict[str, Path]:
    """Run folders by project and name."""
    return {relative.rpartition("/runs/")[0]: root / relative for relative in find.all_runs(root)}


def journal(run: Path, kind: str = "metrics") -> list[dict[str, Any]]:
    lines = (run / layout.EVENTS).read_text().split("\n")[:-1]  # a watcher may be writing the last one
    return [event["data"] for event in map(json.loads, lines) if event["type"] == kind]


def stamps(root: Path) -> list[tuple[Path, int]]:
    """The files of the store with their times, but for the report of the last import."""
    files = [file for file in root.rglob("*") if file.is_file() and REPORTS not in file.parts]
    return sorted((file, file.stat().st_mtime_ns) for file in files)


def points(run: Path, name: str) -> list[tuple[int, float]]:
    """The finite points of a metric."""
    of_name = [(data["global_step"], data[name]) for data in journal(run) if name in data]
    return [(step, value) for step, value in of_name if math.isfinite(value)]


def small(run: Path, file: str) -> dict[str, Any]:
    return layout.read_json(run / file)[0]


def test_mlflow_files_and_databases_are_read_alike(tmp_path: Path, folder: Path) -> None:
    answer = run_import("mlflow", unpacked("mlflow", tmp_path), folder)
    assert len(answer["new_run_ids"]) == 4 and len(answer["new_artifacts"]) == 2
    both = sorted(folder.glob("vision/resnet/runs/*"))
    assert len(both) == 2
    for run in both:
        assert points(run, "loss") == losses()
        assert points(run, "val/acc") == [(step, 1 - loss) for step, loss in losses()]
        assert math.isnan(journal(run)[-1]["loss"]) and journal(run)[-1]["global_step"] == STEPS
        assert small(run, layout.CONFIG) == {"lr": 0.1, "optim": "sgd", "augment": True}
        about = small(run, layout.META)
        assert (about["tags"], about["notes"]) == (["team=x"], "a note")
        assert small(run, layout.STATUS)["status"] == layout.FINISHED
        (artifact,) = small(run, layout.ARTIFACTS_CREATED)["artifacts"]
        files = folder / "artifacts" / "custom" / artifact["name"] / "v1" / "files"
        assert (files / "texts" / "notes.txt").read_text() == "hello"
    for run in folder.glob("vision/crashed/runs/*"):
        assert small(run, layout.STATUS)["status"] == layout.FAILED
        assert points(run, "loss") == [(0, 3.5)]


def test_wandb_offline_runs_are_read_with_text_pictures_and_log(tmp_path: Path, folder: Path) -> None:
    answer = run_import("wandb", unpacked("wandb", tmp_path), folder)
    run = runs(folder)["vision/resnet"]
    assert points(run, "loss") == losses()
    assert points(run, "deep.er") == [(step, step) for step in range(STEPS)]
    assert [data["even"] for data in journal(run) if "even" in data][:3] == [True, False, True]
    assert math.isnan(journal(run)[-1]["loss"])
    assert small(run, layout.CONFIG) == {"lr": 0.1, "optim.name": "sgd"}
    about = small(run, layout.META)
    assert (about["tags"], about["notes"], about["group"]) == (["base", "w"], "a note", "g1")
    assert small(run, layout.SUMMARY)["best"] == 0.9
    assert (run / layout.LOGS).read_text() == "a line of the log\n"
    (image,) = journal(run, "image")
    assert (image["key"], image["step"], image["caption"]) == ("seen", STEPS, "grey")
    assert (run / image["path"]).read_bytes().startswith(b"\x89PNG")
    (histogram,) = journal(run, "histogram")
    assert json.loads((run / histogram["path"]).read_text())["count"] == 3 and answer["left"] == []


def test_a_wandb_run_that_was_cut_off_is_interrupted(tmp_path: Path, folder: Path) -> None:
    (file,) = unpacked("wandb", tmp_path).rglob("run-*.wandb")
    file.write_bytes(file.read_bytes()[:-700])
    os.utime(file, (1.7e9, 1.7e9))
    run_import("wandb", file, folder)
    run = runs(folder)["vision/resnet"]
    assert small(run, layout.STATUS)["status"] == layout.INTERRUPTED
    assert points(run, "loss")[:5] == losses()[:5]


def test_trackio_databases_are_read(tmp_path: Path, folder: Path) -> None:
    run_import("trackio", unpacked("trackio", tmp_path), folder)
    run = runs(folder)["vision/resnet"]
    assert points(run, "loss") == losses()
    assert points(run, "val/acc") == [(step, 1 - loss) for step, loss in losses()]
    assert math.isnan(journal(run)[-1]["loss"])
    assert small(run, layout.CONFIG) == {"lr": 0.1, "optim.name": "sgd"}


def test_trackio_databases_without_run_ids_are_read(tmp_path: Path, folder: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "older.db")) as database, database:
        database.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
        )
        row = ("2025-09-01T10:00:00", "a", 3, '{"loss": 0.5, "gone": [1]}')
        database.execute("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", row)
    answer = run_import("trackio", tmp_path / "older.db", folder)
    assert points(runs(folder)["older/a"], "loss") == [(3, 0.5)]
    assert answer["left"] and "'gone'" in answer["left"][0]


def test_tensorboard_folders_are_runs(tmp_path: Path, folder: Path) -> None:
    run_import("tensorboard", unpacked("tensorboard", tmp_path) / "vision", folder)
    runs_by_name = runs(folder)
    train, evaluation = runs_by_name["vision/train"], runs_by_name["vision/eval"]
    assert points(train, "loss") == points(evaluation, "loss") == SINGLE
    assert [data["time"] for data in journal(train)][:2] == [1.7e9, 1.7e9 + 1]
    assert small(train, layout.CONFIG) == {"lr": 0.1, "optim": "sgd", "augment": True}
    (image,) = journal(train, "image")
    assert (image["key"], image["step"]) == ("seen", STEPS)
    status = small(train, layout.STATUS)
    assert (status["status"], status["started_at"]) == ("finished", 1.7e9)
    assert status["ended_at"] == 1.7e9 + STEPS
    assert status["journal_bytes"] == (train / layout.EVENTS).stat().st_size


def test_what_our_own_exporter_writes_comes_back(tmp_path: Path, folder: Path, make_run: Any) -> None:
    from runicorn_tools.export.exporters import MetricsExporter

    run_id = make_run(folder, "p", "n", metrics=[{"loss": 0.5}, {"loss": 0.25, "acc": 1.0}])
    MetricsExporter(layout.run_folder(folder, "p", "n", run_id)).to_tensorboard(tmp_path / "out")
    other = tmp_path / "other"
    run_import("tensorboard", tmp_path / "out", other)
    (run,) = runs(other).values()
    assert points(run, "loss") == [(1, 0.5), (2, 0.25)]
    assert points(run, "acc") == [(2, 1.0)]


@pytest.mark.parametrize("tracker", [*TRACKERS, *OTHERS])
def test_a_second_time_adds_nothing(tracker: str, tmp_path: Path, folder: Path) -> None:
    path = unpacked(tracker, tmp_path)
    first = run_import(tracker, path, folder)
    before = stamps(folder)
    second = run_import(tracker, path, folder)
    assert second["new_run_ids"] == second["new_artifacts"] == []
    assert sorted(second["there"]) == sorted(first["new_run_ids"])
    assert stamps(folder) == before


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_dry_run_writes_nothing_and_foretells_the_ids(tracker: str, tmp_path: Path, folder: Path) -> None:
    path = unpacked(tracker, tmp_path)
    dry_run = run_import(tracker, path, folder, "--dry-run")
    assert not runs(folder)
    assert run_import(tracker, path, folder)["new_run_ids"] == dry_run["new_run_ids"] != []


def test_an_import_that_was_cut_off_makes_its_artifact_once(tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow", tmp_path)
    run_import("mlflow", path, folder)
    shutil.rmtree(folder / "vision")
    again = run_import("mlflow", path, folder)
    assert len(again["new_run_ids"]) == 4 and again["new_artifacts"] == []


def test_artifacts_that_lie_elsewhere_are_not_fetched(tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow", tmp_path)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "id_ed25519").write_text("private")
    with closing(sqlite3.connect(path / "mlflow.db")) as database, database:
        database.execute("UPDATE runs SET artifact_uri = ?", (secret.as_uri(),))
    run_import("mlflow", path / "mlflow.db", folder)
    assert not [file for file in folder.rglob("*") if file.is_file() and b"private" in file.read_bytes()]


@pytest.mark.parametrize("tracker", [*TRACKERS, *OTHERS])
def test_what_is_no_store_is_refused_with_a_sentence(tracker: str, tmp_path: Path, folder: Path) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    for name in (
        "a.db",
        "run-1.wandb",
        "events.out.tfevents.1.x",
        "run-1.swanlab",
        "offline-1.zip",
        "run.json",
    ):
        (odd / name).write_bytes(b"\x00\xff nothing of the kind" * 50)
    result = CliRunner().invoke(app, ["import-from", tracker, str(odd), "--storage", str(folder)])
    assert result.exit_code == 1 and str(odd) in result.stderr and "Traceback" not in result.output
    assert not runs(folder)


def test_a_place_that_is_not_there_is_no_resource(folder: Path) -> None:
    result = CliRunner().invoke(app, ["import-from", "mlflow", str(folder / "x"), "--storage", str(folder)])
    assert result.exit_code == 4


def test_aim_without_its_library_says_who_could_read_it(tmp_path: Path, folder: Path) -> None:
    (tmp_path / ".aim").mkdir()
    result = CliRunner().invoke(app, ["import-from", "aim", str(tmp_path), "--storage", str(folder)])
    assert result.exit_code == 1 and "--python" in result.stderr


@pytest.fixture(scope="module", params=["aim==3.25.1 numpy<2", "aim==3.29.1"])
def aim_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python of a fresh environment with a version of Aim; installing takes some minutes."""
    if configured_python := os.environ.get("RUNICORN_TEST_AIM_PYTHON"):
        return configured_python
    folder = tmp_path_factory.mktemp("aim")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *request.param.split()], check=True)
    return python


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_aim_repositories_are_read_by_a_python_that_has_aim(
    aim_python: str, tmp_path: Path, folder: Path
) -> None:
    run_import("aim", unpacked("aim", tmp_path), folder, "--python", aim_python)
    run = runs(folder)["vision/resnet"]
    assert points(run, "loss {subset=train}") == losses()
    assert points(run, "acc") == [(step, 1 - loss) for step, loss in losses()]
    assert small(run, layout.CONFIG) == {"hparams.lr": 0.1, "hparams.optim.name": "sgd"}
    assert small(run, layout.META)["tags"] == ["base"]


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_objects_of_aim_are_imported(aim_python: str, tmp_path: Path, folder: Path) -> None:
    answer = run_import("aim", unpacked("aim-media", tmp_path), folder, "--python", aim_python)
    assert answer["left"] == [] and answer["compared"]["different"] == 0
    run = runs(folder)["vision/media"]
    images = [data for data in journal(run, "image") if data["key"] == "seen {subset=val}"]
    assert [(data["step"], data["caption"]) for data in images] == [
        (3, "grey 9"),
        (3, "grey 99"),
        (4, "grey 9"),
        (4, "grey 99"),
    ]
    assert all((run / data["path"]).read_bytes()[:4] == b"\x89PNG" for data in images)
    (figure,) = (data for data in journal(run, "image") if data["key"] == "curve")
    assert json.loads((run / figure["path"]).read_text())["data"][0]["type"] == "scatter"
    (histogram,) = journal(run, "histogram")
    content = json.loads((run / histogram["path"]).read_text())
    assert (content["edges"], content["counts"]) == ([0.0, 1.0, 2.0], [1, 2])
    assert (run / layout.LOGS).read_text() == "said (step 3): hello\n"


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_an_aim_run_is_read_without_the_index_of_the_repository(
    aim_python: str, tmp_path: Path, folder: Path
) -> None:
    log = (
        "import sys; from aim import Run; run = Run(repo=sys.argv[1], experiment='vision'); run.name = 'resnet'\n"
        "run['hparams'] = {'lr': 0.1}; run.add_tag('base')\n"
        "run.track(0.5, name='loss', step=3, context={'subset': 'train'}); run.close()"
    )
    subprocess.run([aim_python, "-c", log, str(tmp_path)], check=True, capture_output=True)
    shutil.rmtree(tmp_path / ".aim" / "meta" / "index", ignore_errors=True)
    before = {
        path: path.stat().st_mtime_ns for path in (tmp_path / ".aim" / "meta" / "chunks").rglob("*.sst")
    }
    run_import("aim", tmp_path, folder, "--python", aim_python)
    run = runs(folder)["vision/resnet"]
    assert points(run, "loss {subset=train}") == [(3, 0.5)]
    assert small(run, layout.CONFIG) == {"hparams.lr": 0.1} and small(run, layout.META)["tags"] == ["base"]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_an_aim_run_that_was_never_indexed_is_imported_after_the_suggested_command(
    aim_python: str, tmp_path: Path, folder: Path
) -> None:
    path = unpacked("aim", tmp_path / "store")
    with closing(sqlite3.connect(path / ".aim" / "run_metadata.sqlite")) as database, database:
        database.execute("DELETE FROM run")
    words = ["import-from", "aim", str(path), "--storage", str(folder), "--json", "--python", aim_python]
    result = CliRunner().invoke(app, words)
    (failed,) = json.loads(result.stdout)["report"]
    assert result.exit_code == 1 and failed["result"] == "failed"
    (cure,) = re.findall(r"`(.*)`", failed["reason"])
    subprocess.run([aim_python, "-c", cure], check=True, capture_output=True)
    run_import("aim", path, folder, "--python", aim_python)
    (run,) = runs(folder).values()
    assert points(run, "loss {subset=train}") == losses()


def test_what_aim_tells_becomes_a_run(tmp_path: Path, folder: Path) -> None:
    aim_answer = {
        "hash": "78b1",
        "experiment": "vision",
        "name": "resnet",
        "description": "a note",
        "started": 1.7e9,
        "ended": 1.7e9 + 9,
        "tags": ["base"],
        "config": {"hparams": {"lr": 0.1}},
        "metrics": [["loss", [0, 1], [1.7e9, None], [0.5, 0.25]]],
        "objects": [
            {
                "kind": "images",
                "name": "seen",
                "step": 1,
                "time": 1.7e9,
                "file": "0",
                "format": "png",
                "caption": "a",
            },
            {
                "kind": "distributions",
                "name": "all",
                "step": 1,
                "time": 1.7e9,
                "counts": [1, 2],
                "edges": [0, 1, 2],
            },
            {"kind": "texts", "name": "said", "step": 1, "time": 1.7e9, "text": "hello"},
        ],
        "problems": ["'sound' (audios) cannot be read: KeyError: 3"],
    }
    (tmp_path / ".aim").mkdir()
    (tmp_path / "told.json").write_text(json.dumps(aim_answer) + "\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nprintf png > "$4/0"\ncat {shlex.quote(str(tmp_path / "told.json"))}\n')
    python.chmod(0o755)
    answer = run_import("aim", tmp_path, folder, "--python", str(python))
    run = runs(folder)["vision/resnet"]
    assert points(run, "loss") == [(0, 0.5), (1, 0.25)]
    status = small(run, layout.STATUS)
    assert (status["status"], status["started_at"], status["ended_at"]) == ("finished", 1.7e9, 1.7e9 + 9)
    assert small(run, layout.CONFIG) == {"hparams.lr": 0.1}
    (image,) = journal(run, "image")
    assert (run / image["path"]).read_bytes() == b"png" and image["caption"] == "a"
    (histogram,) = journal(run, "histogram")
    assert json.loads((run / histogram["path"]).read_text())["counts"] == [1, 2]
    assert (run / layout.LOGS).read_text() == "said (step 1): hello\n"
    assert len(answer["left"]) == 1 and "'sound' (audios) cannot be read" in answer["left"][0]


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("a/b", "a-b"),
        ("../x", "--x"),
        (".x", "x"),
        ("runs", "runs_"),
        ("", "imported"),
        ("é" * 300, "é" * 100),
    ],
)
def test_names_that_no_store_takes_are_replaced(name: str, fitting: str) -> None:
    assert layout.fit_name(name) == layout.check_name(fitting, "project")


def test_reserved_names_are_kept_under_the_name_of_the_tracker(folder: Path) -> None:
    experiment = Experiment("mlflow:1", "p", "n", entries=lambda: [Point(1, 5.0, {"time": 3.0})])
    (place,) = import_experiments(folder, [experiment]).runs
    assert journal(folder / place) == [{"mlflow/time": 3.0, "global_step": 1, "time": 5.0}]


def test_an_imported_run_is_served_like_any_other(tmp_path: Path, store: Path, api: APIClient) -> None:
    places = import_experiments(store, reader(Tracker.MLFLOW)(unpacked("mlflow", tmp_path) / "mlruns")).runs
    finished = next(place for place in places if "/resnet/" in place).rpartition("/")[2]
    detail = api.get(f"/api/runs/{finished}").json()
    assert (detail["status"], detail["warnings"]) == ("finished", [])
    rows = api.get(f"/api/v2/experiments/{finished}/metrics/fast").json()["rows"]
    assert [(row["global_step"], row["loss"]) for row in rows[:-1]] == losses()
