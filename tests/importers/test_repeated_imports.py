"""Imports of damaged, growing, resumed and empty sources."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from typer.testing import CliRunner

import runicorn as rn
from runicorn.artifacts.curation import set_alias
from runicorn.artifacts.store import Store
from runicorn.store import curation, layout
from runicorn_importers.experiment import Experiment, Point, Unreadable
from runicorn_importers.tensorboard import read as read_tensorboard
from runicorn_importers.trackio import read as read_trackio
from runicorn_importers.wandb.history import summary_of
from runicorn_importers.writing.writer import import_experiments
from runicorn_tools.cli import app
from runicorn_tools.export.tensorboard_events import event, masked_crc32c
from tests.importers.test_import_of_trackers import (
    journal,
    points,
    run_import,
    runs,
    small,
    unpacked,
)

COUNTS = ("taken", "updated", "unchanged", "failed")


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[name] for name in COUNTS)


def import_json(tracker: str, path: Path, root: Path, *more: str) -> tuple[int, dict[str, Any]]:
    words = ["import-from", tracker, str(path), "--storage", str(root), "--json", *more]
    result = CliRunner().invoke(app, words)
    return result.exit_code, json.loads(result.stdout)


def event_file(folder: Path, steps: int, name: str = "events.out.tfevents.1700000000.elsewhere.1.0") -> Path:
    """An event file of another machine whose losses are its steps."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"".join(event(1.7e9 + step, step, {"loss": float(step)}) for step in range(steps)))
    return path


def long_ago(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (1.7e9, 1.7e9))


def test_nine_of_ten_runs_are_imported_when_one_byte_is_flipped(tmp_path: Path, folder: Path) -> None:
    files = [event_file(tmp_path / "logs" / f"run{number}", 5) for number in range(10)]
    content = bytearray(files[3].read_bytes())
    content[len(content) // 2] ^= 1
    files[3].write_bytes(content)
    code, answer = import_json("tensorboard", tmp_path / "logs", folder)
    assert code == 1 and counts(answer) == (9, 0, 0, 1)
    (failed,) = [entry for entry in answer["report"] if entry["result"] == "failed"]
    assert "run3" in failed["source"] and "damaged" in failed["reason"]
    assert len(runs(folder)) == 9 and "logs/run3" not in runs(folder)
    code, again = import_json("tensorboard", tmp_path / "logs", folder)
    assert code == 1 and counts(again) == (0, 0, 9, 1)


@pytest.mark.parametrize("place", ["length", "data", "checksum"])
def test_a_flipped_byte_is_found_wherever_it_is(place: str, tmp_path: Path, folder: Path) -> None:
    file = event_file(tmp_path / "logs" / "a", 5)
    content = bytearray(file.read_bytes())
    content[{"length": 0, "data": -8, "checksum": -1}[place]] ^= 64
    file.write_bytes(content)
    _, answer = import_json("tensorboard", tmp_path / "logs", folder)
    assert counts(answer) == (0, 0, 0, 1) and not runs(folder)


def test_the_last_line_counts_the_runs(tmp_path: Path, folder: Path) -> None:
    event_file(tmp_path / "logs" / "a", 2)
    words = ["import-from", "tensorboard", str(tmp_path / "logs"), "--storage", str(folder)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "taken 1, updated 0, unchanged 0, failed 0"


def test_a_growing_event_file_is_running_and_updated_by_the_next_import(tmp_path: Path, folder: Path) -> None:
    logs = tmp_path / "logs"
    event_file(logs / "a", 3)
    assert counts(run_import("tensorboard", logs, folder)) == (1, 0, 0, 0)
    run = runs(folder)["logs/a"]
    assert small(run, layout.STATUS) == {"status": layout.RUNNING, "started_at": 1.7e9}
    curation.note(
        folder, run, {"tags": [], "description": "", "pinned": False, "archived": False}, {"tags": ["x"]}
    )
    file = event_file(logs / "a", 6)
    assert counts(run_import("tensorboard", logs, folder)) == (0, 1, 0, 0)
    assert points(run, "loss") == [(step, float(step)) for step in range(6)]
    assert small(run, layout.CURATION)["tags"] == ["x"]
    long_ago(file)
    assert counts(run_import("tensorboard", logs, folder)) == (0, 1, 0, 0)
    assert small(run, layout.STATUS)["status"] == layout.FINISHED
    assert small(run, layout.STATUS)["ended_at"] == 1.7e9 + 5
    assert counts(run_import("tensorboard", logs, folder)) == (0, 0, 1, 0)


def _restart(step: int) -> bytes:
    """The record that `SummaryWriter(purge_step=…)` begins with: an event with `SessionLog(status=START)`."""
    data = b"\x09" + struct.pack("<d", 1.7e9) + b"\x10" + bytes([step]) + b"\x3a\x02\x08\x01"
    head = struct.pack("<Q", len(data))
    return head + masked_crc32c(head) + data + masked_crc32c(data)


def test_points_before_a_restart_of_tensorboard_do_not_count(tmp_path: Path, folder: Path) -> None:
    logs = tmp_path / "logs"
    first = event_file(logs / "a", 6)
    assert counts(run_import("tensorboard", logs, folder)) == (1, 0, 0, 0)
    second = first.with_name(first.name.replace("1700000000", "1700000100"))
    assert second != first
    again = [event(1.7e9 + 100 + step, step, {"loss": 10.0 + step}) for step in (3, 4)]
    second.write_bytes(_restart(3) + b"".join(again))
    answer = run_import("tensorboard", logs, folder)
    assert counts(answer) == (0, 1, 0, 0) and answer["compared"]["different"] == 0
    (run,) = runs(folder).values()
    assert points(run, "loss") == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 13.0), (4, 14.0)]
    second.write_bytes(second.read_bytes() + _restart(1))
    answer = run_import("tensorboard", logs, folder)
    assert points(run, "loss") == [(0, 0.0)] and answer["compared"]["different"] == 0


def test_a_viewer_shows_what_an_update_brought(tmp_path: Path, store: Path, api: APIClient) -> None:
    logs = tmp_path / "logs"
    event_file(logs / "a", 3)
    (place,) = import_experiments(store, read_tensorboard(logs)).runs
    url = f"/api/v2/experiments/{place.rpartition('/')[2]}/metrics/fast"
    assert len(api.get(url).json()["rows"]) == 3
    long_ago(event_file(logs / "a", 7))
    import_experiments(store, read_tensorboard(logs))
    assert [row["loss"] for row in api.get(url).json()["rows"]] == [float(step) for step in range(7)]
    assert api.get(f"/api/runs/{place.rpartition('/')[2]}").json()["status"] == layout.FINISHED


def test_the_ended_process_of_this_machine_ends_its_event_file(tmp_path: Path, folder: Path) -> None:
    from runicorn import _platform

    name = f"events.out.tfevents.1700000000.{_platform.host_name()}"
    event_file(tmp_path / "logs" / "ended", 2, f"{name}.{2**22 + 1}.0")
    event_file(tmp_path / "logs" / "alive", 2, f"{name}.{os.getpid()}.0")
    run_import("tensorboard", tmp_path / "logs", folder)
    runs_by_name = runs(folder)
    assert small(runs_by_name["logs/ended"], layout.STATUS)["status"] == layout.FINISHED
    assert small(runs_by_name["logs/alive"], layout.STATUS)["status"] == layout.RUNNING


def test_a_failed_update_leaves_the_run_as_it_was(tmp_path: Path, folder: Path) -> None:
    file = event_file(tmp_path / "logs" / "a", 3)
    run_import("tensorboard", tmp_path / "logs", folder)
    event_file(tmp_path / "logs" / "a", 6)
    content = bytearray(file.read_bytes())
    content[-8] ^= 1
    file.write_bytes(content)
    code, answer = import_json("tensorboard", tmp_path / "logs", folder)
    assert code == 1 and counts(answer) == (0, 0, 0, 1)
    assert len(points(runs(folder)["logs/a"], "loss")) == 3
    assert not list((folder / ".runicorn").glob("import-*"))


def test_a_run_in_the_recycle_bin_is_not_updated(tmp_path: Path, folder: Path) -> None:
    event_file(tmp_path / "logs" / "a", 3)
    run_import("tensorboard", tmp_path / "logs", folder)
    curation.put_into_bin(folder, runs(folder)["logs/a"], layout.FINISHED)
    event_file(tmp_path / "logs" / "a", 6)
    assert counts(run_import("tensorboard", tmp_path / "logs", folder)) == (0, 0, 1, 0)


def test_an_empty_event_file_makes_no_run(tmp_path: Path, folder: Path) -> None:
    event_file(tmp_path / "logs" / "empty", 0)
    (tmp_path / "logs" / "blank").mkdir()
    (tmp_path / "logs" / "blank" / "events.out.tfevents.1.x").touch()
    event_file(tmp_path / "logs" / "full", 1)
    answer = run_import("tensorboard", tmp_path / "logs", folder)
    assert counts(answer) == (1, 0, 0, 0) and list(runs(folder)) == ["logs/full"]
    assert sum("has no values" in sentence for sentence in answer["left"]) == 2


def test_a_run_without_a_start_has_the_time_of_its_first_record(folder: Path) -> None:
    (place,) = import_experiments(
        folder, [Experiment("trackio:1", "p", "n", entries=lambda: [Point(1, 1.7e9, {"a": 1})])]
    ).runs
    assert "/20231114_221320_" in place
    assert small(folder / place, layout.STATUS)["started_at"] == 1.7e9


def test_a_wandb_run_that_was_resumed_offline_is_one_run(tmp_path: Path, folder: Path) -> None:
    answer = run_import("wandb", unpacked("wandb-resumed", tmp_path), folder)
    assert counts(answer) == (1, 0, 0, 0)
    run = runs(folder)["vision/long"]
    assert points(run, "loss") == list(enumerate([0, 1, 2, 10, 11, 12]))
    assert small(run, layout.CONFIG) == {"part": 1, "only 0": True, "only 1": True}
    assert any("continued at 3" in sentence for sentence in answer["left"])
    assert counts(run_import("wandb", unpacked("wandb-resumed", tmp_path), folder)) == (0, 0, 1, 0)


def test_the_second_part_of_a_wandb_run_updates_the_first(tmp_path: Path, folder: Path) -> None:
    both = unpacked("wandb-resumed", tmp_path)
    second = sorted((both / "wandb").glob("offline-run-*"))[1]
    shutil.move(second, tmp_path / "later")
    assert counts(run_import("wandb", both, folder)) == (1, 0, 0, 0)
    assert len(points(runs(folder)["vision/long"], "loss")) == 3
    shutil.move(tmp_path / "later", second)
    assert counts(run_import("wandb", both, folder)) == (0, 1, 0, 0)
    assert len(points(runs(folder)["vision/long"], "loss")) == 6


def test_a_damaged_wandb_file_does_not_stop_the_other_runs(tmp_path: Path, folder: Path) -> None:
    path = unpacked("wandb", tmp_path)
    shutil.copytree(unpacked("wandb-resumed", tmp_path) / "wandb", path / "more", symlinks=True)
    (damaged,) = (path / "wandb").rglob("run-*.wandb")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    code, answer = import_json("wandb", path, folder)
    assert code == 1 and counts(answer) == (1, 0, 0, 1) and list(runs(folder)) == ["vision/long"]


def test_a_wandb_run_that_some_process_still_writes_is_running(tmp_path: Path, folder: Path) -> None:
    (file,) = unpacked("wandb", tmp_path).rglob("run-*.wandb")
    file.write_bytes(file.read_bytes()[:-700])
    with file.open("ab"):
        run_import("wandb", file, folder)
    run = runs(folder)["vision/resnet"]
    assert small(run, layout.STATUS)["status"] == layout.RUNNING


def test_wandb_artifacts_become_versions(tmp_path: Path, folder: Path) -> None:
    path = unpacked("wandb-resumed", tmp_path)
    staged = sorted((path / "artifacts" / "staging").iterdir(), key=lambda file: file.read_text())
    staged[1].write_text("something else")
    answer = run_import("wandb", path, folder)
    assert answer["new_artifacts"] == ["weights:v1"]
    version = folder / "artifacts" / "model" / "weights" / "v1"
    assert (version / "files" / "parts" / "a.bin").read_text() == "content of a.bin"
    assert not (version / "files" / "parts" / "b.bin").exists()
    about = json.loads((version / "metadata.json").read_text())
    assert about["description"] == "the best" and about["metadata"]["acc"] == 0.9
    assert "https://example.org/c.bin" in (version / "manifest.json").read_text()
    assert any("'parts/b.bin'" in sentence for sentence in answer["left"])
    (artifact,) = small(runs(folder)["vision/long"], layout.ARTIFACTS_CREATED)["artifacts"]
    assert (artifact["name"], artifact["version"]) == ("weights", 1)


def test_objects_of_a_wandb_summary_are_imported_with_job_type_and_aliases(
    tmp_path: Path, folder: Path
) -> None:
    answer = run_import("wandb", unpacked("wandb-objects", tmp_path), folder)
    run = runs(folder)["vision/objects"]
    summary = small(run, layout.SUMMARY)
    assert (summary["deep.q"], summary["deep.r.s"]) == (1, "text")
    assert (summary["loss.min"], summary["acc.top1"]) == (1.0, 0.5)
    assert small(run, layout.CONFIG) == {"wandb.job_type": "train"}
    assert not any("summary" in sentence for sentence in answer["left"])
    assert Store(folder).folder("model", "net").aliases()["best-so-far"] == 1


def test_an_import_leaves_aliases_of_the_store_where_they_are(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "w.bin").write_text("ours")
    with rn.init("vision", "own", storage=str(folder), capture_env=False) as run:
        run.log_artifact(rn.Artifact("net", "model").add_file(tmp_path / "w.bin"))
    set_alias(Store(folder).folder("model", "net"), "best-so-far", 1)
    run_import("wandb", unpacked("wandb-objects", tmp_path), folder)
    artifact = Store(folder).folder("model", "net")
    assert artifact.live() == [1, 2] and artifact.aliases()["best-so-far"] == 1


def test_values_of_a_summary_that_cannot_be_imported_are_named() -> None:
    omissions: list[str] = []
    entries = summary_of({"a": {"b": 1}, "_step": 3, "seen": {"_type": "image-file"}, "odd": {}}, omissions)
    assert entries == {"a.b": 1} and omissions == []


@pytest.mark.parametrize("kind", ["files", "database"])
def test_mlflow_parameters_keep_their_text(kind: str, tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow-models", tmp_path)
    run_import("mlflow", path / "mlruns" if kind == "files" else path / "mlflow.db", folder)
    (run,) = folder.glob("vision/sweep/runs/*")
    text = {"python": "3.10", "agent": "007", "count": "1_000", "missing": "nan", "eps": "1e-3"}
    assert small(run, layout.CONFIG) == {**text, "lr": 0.1, "layers": 3, "augment": True}
    assert small(run, layout.CONFIG)["layers"] is not True


@pytest.mark.parametrize("kind", ["files", "database"])
def test_mlflow_models_and_nested_runs_are_imported(kind: str, tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow-models", tmp_path)
    answer = run_import("mlflow", path / "mlruns" if kind == "files" else path, folder)
    assert counts(answer)[0] == (2 if kind == "files" else 4)
    for trial in folder.glob("vision/trial/runs/*"):
        (artifact,) = small(trial, layout.ARTIFACTS_CREATED)["artifacts"]
        assert artifact["type"] == "model" and artifact["name"].startswith("echo-")
        files = folder / "artifacts" / "model" / artifact["name"] / "v1" / "files"
        assert (files / "MLmodel").is_file() and (files / "python_model.pkl").is_file()
        about = small(trial, layout.META)
        (parent,) = [
            other
            for other in folder.glob("vision/sweep/runs/*")
            if small(other, layout.META)["imported_from"] == about["imported_parent"]
        ]
        assert small(parent, layout.META)["group"] == about["group"] != ""


@pytest.mark.parametrize("name", ["db.sqlite", "mlflow.db", "runs.sqlite3"])
def test_databases_of_mlflow_are_found_by_their_tables(name: str, tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow", tmp_path)
    shutil.rmtree(path / "mlruns")
    (path / "mlflow.db").rename(path / name)
    (path / "other.sqlite").write_text("no database")
    assert len(run_import("mlflow", path, folder)["new_run_ids"]) == 2


def test_a_damaged_mlflow_run_is_named(tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow", tmp_path)
    victim = next((path / "mlruns").glob("*/*/meta.yaml"))
    victim.write_text("{ torn")
    code, answer = import_json("mlflow", path / "mlruns", folder)
    assert code == 1 and counts(answer) == (1, 0, 0, 1)
    assert victim.parent.name in json.dumps(answer["report"])


def test_a_growing_mlflow_run_is_updated(tmp_path: Path, folder: Path) -> None:
    path = unpacked("mlflow", tmp_path) / "mlflow.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE name = 'crashed'")
        database.execute("UPDATE metrics SET timestamp = ? WHERE value = 3.5", (int(time.time() * 1000),))
    run_import("mlflow", path, folder)
    (run,) = folder.glob("vision/crashed/runs/*")
    assert small(run, layout.STATUS)["status"] == layout.RUNNING
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO metrics SELECT key, 2.5, timestamp + 1, run_uuid, 1, is_nan FROM metrics WHERE value = 3.5"
        )
        database.execute(
            "UPDATE runs SET status = 'FINISHED', end_time = 1700000000000 WHERE name = 'crashed'"
        )
    assert counts(run_import("mlflow", path, folder)) == (0, 1, 1, 0)
    assert points(run, "loss") == [(0, 3.5), (1, 2.5)]
    assert small(run, layout.STATUS)["status"] == layout.FINISHED


def test_a_damaged_trackio_database_is_named(tmp_path: Path, folder: Path) -> None:
    path = unpacked("trackio", tmp_path)
    (database,) = path.rglob("*.db")
    (database.parent / "broken.db").write_bytes(b"no database at all" * 100)
    code, answer = import_json("trackio", database.parent, folder)
    assert code == 1 and counts(answer) == (1, 0, 0, 1)
    entries = list(read_trackio(database.parent))
    assert [type(entry) for entry in entries] == [Unreadable, Experiment]


def test_config_is_always_json(folder: Path) -> None:
    config = {"a": float("nan"), "b": {"c": [1.0, float("inf")]}}
    (place,) = import_experiments(
        folder, [Experiment("wandb:1", "p", "n", started=1.7e9, config=config)]
    ).runs

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = (folder / place / layout.CONFIG).read_text()
    assert json.loads(text, parse_constant=refuse) == {"a": "nan", "b.c": [1.0, "inf"]}


def test_an_aim_run_that_was_never_indexed_is_named_with_its_cure(tmp_path: Path, folder: Path) -> None:
    aim_answer = {
        "hash": "78b1",
        "experiment": "vision",
        "name": "resnet",
        "description": None,
        "tags": [],
        "started": 1.7e9,
        "ended": 1.7e9 + 9,
        "config": {},
        "others": [],
        "metrics": [["loss", [0], [1.7e9], [0.5]]],
    }
    lost = {"hash": "e3fc", "problem": "RepoIntegrityError: Missing props for Run e3fc"}
    (tmp_path / ".aim").mkdir()
    (tmp_path / "told.json").write_text(json.dumps(lost) + "\n" + json.dumps(aim_answer) + "\n")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ncat {shlex.quote(str(tmp_path / 'told.json'))}\n")
    python.chmod(0o755)
    code, answer = import_json("aim", tmp_path, folder, "--python", str(python))
    assert code == 1 and counts(answer) == (1, 0, 0, 1)
    assert points(runs(folder)["vision/resnet"], "loss") == [(0, 0.5)]
    (failed,) = [entry for entry in answer["report"] if entry["result"] == "failed"]
    assert f"Run('e3fc', repo={str(tmp_path)!r}, system_tracking_interval=None).close()" in failed["reason"]


def test_images_of_an_update_replace_those_before(tmp_path: Path, folder: Path) -> None:
    path = unpacked("tensorboard", tmp_path) / "vision"
    run_import("tensorboard", path, folder)
    event_file(path / "train", 2, "events.out.tfevents.1800000000.elsewhere.1.0")
    assert counts(run_import("tensorboard", path, folder)) == (0, 1, 1, 0)
    run = runs(folder)["vision/train"]
    (image,) = journal(run, "image")
    assert [f"{layout.MEDIA}/{file.name}" for file in (run / layout.MEDIA).iterdir()] == [image["path"]]
