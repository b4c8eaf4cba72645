"""Folders and archives of DVCLive, Sacred, SwanLab, ClearML and Comet, made by their own libraries."""

from __future__ import annotations

import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runicorn.store import layout
from runicorn_tools.cli import app
from tests.fixtures.foreign.make import STEPS, losses
from tests.importers.test_import_of_trackers import journal, points, run_import, runs, small, unpacked

EXPECTED: dict[str, dict[str, Any]] = {
    "dvclive": {"path": "dvclive/dvclive", "image": ["seen"]},
    "sacred": {"path": "resnet/train-1", "log": "a line of the log", "files": {"notes.txt"}},
    "swanlab": {"image": ["seen"], "labels": True, "log": f"said (step {STEPS}): hello"},
    "swanlab-backup": {"image": ["seen"], "labels": True, "log": f"said (step {STEPS}): hello"},
    "clearml": {
        "names": ("loss/train", "acc/val"),
        "image": ["seen/grey", "counts/some"],
        "table": ["cells/some"],
        "labels": True,
        "log": "a line of the log",
        "files": {"notes/notes.json"},
        "summary": {"best": 0.9},
        "nan": False,
    },
    "comet": {
        "image": ["seen"],
        "table": ["cells.csv"],
        "histogram": ["counts"],
        "log": "a line of the log",
        "files": {"notes.txt", "cells.csv"},
        "summary": {"note": "a note"},
    },
}


@pytest.mark.parametrize("fixture", EXPECTED)
def test_every_value_and_file_of_a_run_is_imported(fixture: str, tmp_path: Path, folder: Path) -> None:
    expected = EXPECTED[fixture]
    path = unpacked(fixture, tmp_path)
    for file in path.rglob("*"):
        os.utime(file, (1.7e9, 1.7e9))  # DVCLive records no end
    answer = run_import(fixture.partition("-")[0], path, folder)
    assert answer["left"] == [] and answer["compared"]["different"] == 0
    run = runs(folder)[expected.get("path", "vision/resnet")]
    loss, accuracy = expected.get("names", ("loss", "val/acc"))
    assert points(run, loss) == losses()
    assert points(run, accuracy) == [(step, 1 - value) for step, value in losses()]
    if expected.get("nan", True):
        assert any(math.isnan(data.get("loss", 0)) for data in journal(run) if data["global_step"] == STEPS)
    config = small(run, layout.CONFIG)
    assert (config["lr"], config["optim.name"]) == (0.1, "sgd")
    about, status = small(run, layout.META), small(run, layout.STATUS)
    assert status["status"] == layout.FINISHED
    assert not expected.get("labels") or (about["tags"], about["notes"]) == (["base"], "a note")
    for kind in ("image", "table", "histogram"):
        events = journal(run, kind)
        assert [data["key"] for data in events] == expected.get(kind, [])
        assert all((run / data["path"]).stat().st_size == data["size"] for data in events)
    assert small(run, layout.SUMMARY).items() >= expected.get("summary", {}).items()
    assert expected.get("log", "") in (run / layout.LOGS).read_text()
    paths = {path for version in folder.glob("artifacts/*/*/v1/files") for path in version.rglob("*.*")}
    assert {path.as_posix().partition("/v1/files/")[2] for path in paths} == expected.get("files", set())


def test_a_failed_run_of_sacred_has_its_reason(tmp_path: Path, folder: Path) -> None:
    run_import("sacred", unpacked("sacred", tmp_path), folder)
    status = small(runs(folder)["vision/crash-2"], layout.STATUS)
    assert (status["status"], status["exit_reason"]) == (layout.FAILED, "RuntimeError: no memory")


def test_a_table_and_a_histogram_keep_their_content(tmp_path: Path, folder: Path) -> None:
    run_import("comet", unpacked("comet", tmp_path), folder)
    run = runs(folder)["vision/resnet"]
    (table,), (histogram,) = journal(run, "table"), journal(run, "histogram")
    content = json.loads((run / table["path"]).read_text())
    assert (content["columns"], content["rows"]) == (["a", "b"], [["1", "x"]])
    bins = json.loads((run / histogram["path"]).read_text())
    full = [edge for edge, count in zip(bins["edges"], bins["counts"], strict=False) if count]
    assert bins["count"] == 3 and all(
        edge <= value <= edge * 1.1 for edge, value in zip(full, (1, 2, 3), strict=True)
    )


def test_a_dvclive_folder_that_grows_is_updated_and_the_next_experiment_is_another_run(
    tmp_path: Path, folder: Path
) -> None:
    path = unpacked("dvclive", tmp_path)
    run_import("dvclive", path, folder)
    file = path / "dvclive" / "plots" / "metrics" / "loss.tsv"
    file.write_text(file.read_text() + f"{STEPS + 1}\t0.5\n")
    assert run_import("dvclive", path, folder)["updated"] == 1
    (run,) = runs(folder).values()
    assert points(run, "loss")[-1] == (STEPS + 1, 0.5)
    (path / "dvclive" / "params.yaml").write_text("lr: 0.2\n")
    file.write_text("step\tloss\n0\t9.0\n")
    assert run_import("dvclive", path, folder)["taken"] == 1
    assert points(run, "loss")[-1] == (STEPS + 1, 0.5)


def test_a_clearml_session_that_is_there_twice_is_one_run(tmp_path: Path, folder: Path) -> None:
    path = unpacked("clearml", tmp_path)
    (session,) = path.rglob("*.zip")
    with zipfile.ZipFile(session) as archive:
        archive.extractall(path / "a folder")
    for number, size in enumerate((100, 200)):
        (path / str(number)).mkdir()
        for file in (path / "a folder").iterdir():
            if file.suffix in (".json", ".jsonl"):
                content = file.read_bytes()
                (path / str(number) / file.name).write_bytes(
                    content if file.suffix == ".json" else content[:size]
                )
    answer = run_import("clearml", path, folder)
    assert (answer["taken"], len(answer["report"])) == (1, 1)
    assert points(runs(folder)["vision/resnet"], "loss/train") == losses()
    assert small(runs(folder)["vision/resnet"], layout.STATUS)["status"] == layout.FINISHED
    assert (answer := run_import("clearml", path, folder))["unchanged"] == 1 and len(answer["report"]) == 1


@pytest.mark.parametrize("tracker", ["clearml", "comet"])
def test_an_archive_that_leads_outside_or_is_cut_off_is_named(
    tracker: str, tmp_path: Path, folder: Path
) -> None:
    path = unpacked(tracker, tmp_path)
    (session,) = path.rglob("*.zip")
    content = session.read_bytes()
    (path / "offline-torn.zip").write_bytes(content[: len(content) // 2])
    with zipfile.ZipFile(path / "offline-outside.zip", "w") as archive:
        archive.writestr("../outside.txt", "no")
        archive.writestr("task.json", '{"id": "offline-1"}')
    result = CliRunner().invoke(app, ["import-from", tracker, str(path), "--storage", str(folder), "--json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["taken"], answer["failed"]) == (1, 1, 2)
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.parametrize(
    ("tracker", "file", "before", "after"),
    [
        ("sacred", "sacred/1/run.json", '"experiment": {', '"experiment": [], "was": {'),
        ("sacred", "sacred/1/metrics.json", '"steps": [', '"steps": [null, '),
        ("dvclive", "dvclive/plots/metrics/loss.tsv", "\n3\t", "\nthree\t"),
        ("swanlab", "swanlog/*/run-*.swanlab", "vision", "Vision"),
    ],
)
def test_a_damaged_run_is_named_and_stops_no_other(
    tracker: str, file: str, before: str, after: str, tmp_path: Path, folder: Path
) -> None:
    path = unpacked(tracker, tmp_path)
    (damaged,) = path.glob(file)
    content = damaged.read_bytes()
    assert before.encode() in content
    damaged.write_bytes(content.replace(before.encode(), after.encode(), 1))
    result = CliRunner().invoke(app, ["import-from", tracker, str(path), "--storage", str(folder), "--json"])
    answer = json.loads(result.stdout)
    others = 1 if tracker == "sacred" else 0
    assert (result.exit_code, answer["taken"], answer["failed"]) == (1, others, 1)
    assert answer["report"][0]["reason"]
