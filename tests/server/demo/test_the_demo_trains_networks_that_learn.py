"""`runicorn demo` leaves runs with real curves, of which one diverges and one crashes."""

from __future__ import annotations

import json
import math
import zlib

import pytest

from runicorn.artifacts import responses
from runicorn.artifacts.storage import ArtifactStorage
from runicorn.artifacts.store import Store
from runicorn.store.project import analysis, boards, description
from runicorn.store.samples.reader import read_samples
from tests.records import Record
from tests.server.demo.conftest import Played

GROUPS = {"train", "val", "val_recall"}


@pytest.fixture(scope="session")
def learning(played: Played) -> Record:
    return played.runs[0]


@pytest.fixture(scope="session")
def diverging(played: Played) -> Record:
    return played.runs[1]


@pytest.fixture(scope="session")
def crashing(played: Played) -> Record:
    return played.runs[2]


def test_the_command_ends_well_and_says_how_to_look(played: Played) -> None:
    assert played.status == 0, played.errors
    assert len(played.output.splitlines()) == 1
    assert played.output.startswith("3 runs in ")
    assert played.output.endswith(f"View them: runicorn viewer --storage {played.root}\n")


def test_the_crash_is_reported_without_a_traceback(played: Played) -> None:
    assert "1 crashed, as planned" in played.output
    assert "Traceback" not in played.errors


def test_the_runs_end_as_they_went(played: Played) -> None:
    assert [run.status["status"] for run in played.runs] == ["finished", "finished", "failed"]
    assert {run.meta["project"] for run in played.runs} == {"digits"}


def test_the_first_run_learns(learning: Record) -> None:
    accuracy = [value for _, value in learning.curve("val/accuracy")]
    assert len(accuracy) == learning.config["epochs"] == 30
    assert accuracy[-1] > 0.9
    losses = [value for _, value in learning.curve("train/loss")]
    assert losses[-1] < losses[0] / 2


def test_every_step_and_every_epoch_has_its_metrics(learning: Record) -> None:
    steps = [step for step, _ in learning.curve("train/loss")]
    assert steps == list(range(1, learning.config["total_steps"] + 1))
    assert {name.split("/")[0] for name in learning.metrics()} == GROUPS | {"epoch"}
    assert [value for _, value in learning.curve("epoch")] == list(range(1, 31))


def test_each_run_has_its_settings_and_results(learning: Record) -> None:
    assert {"optimizer", "lr", "batch", "decay", "hidden", "seed", "epochs"} <= learning.config.keys()
    assert learning.meta["tags"][0] == "demo"
    assert learning.meta["name"] == learning.meta["group"] + "-s1"
    best = max(value for _, value in learning.curve("val/accuracy"))
    assert learning.summary["best_metric_name"] == "val/accuracy"
    assert learning.summary["best_metric_value"] == best
    assert learning.summary["final_accuracy"] == learning.curve("val/accuracy")[-1][1]
    assert "epoch 30/30: loss " in learning.log


def test_names_tell_the_runs_apart_and_each_uses_the_data(played: Played) -> None:
    assert len({run.meta["name"] for run in played.runs}) == 3
    storage = ArtifactStorage(played.root)
    assert len(storage.list_versions("digits", "dataset")) == 1
    assert len(storage.list_versions("digit-reader", "model")) == 1
    model = responses.version_detail(Store(played.root).folder("model", "digit-reader").existing(1))
    assert model["metadata"]["val_accuracy"] > 0.9


def test_the_divergence_raises_an_alert(diverging: Record, learning: Record) -> None:
    (alert,) = diverging.events("alert")
    assert alert["title"] == "The loss is not finite" and alert["level"] == "error"
    assert not learning.events("alert")


def test_images_are_png_files_by_step(learning: Record) -> None:
    images = learning.events("image")
    for key in ("mistakes", "weights"):
        assert len({image["step"] for image in images if image["key"] == key}) == 6
    for image in images:
        assert image["caption"]
        assert _is_whole_png((learning.path / image["path"]).read_bytes())


def test_confusions_are_a_table_and_weights_a_histogram(learning: Record) -> None:
    tables, histograms = learning.events("table"), learning.events("histogram")
    assert len(tables) == len(histograms) == 6
    rows = json.loads((learning.path / tables[-1]["path"]).read_text(encoding="utf-8"))["rows"]
    right = sum(row[1 + digit] for digit, row in enumerate(rows))
    assert right / sum(map(sum, (row[1:] for row in rows))) == learning.summary["final_accuracy"]


def test_the_second_learns_before_its_loss_is_no_number(diverging: Record) -> None:
    losses = [value for _, value in diverging.curve("val/loss")]
    assert losses[9] < 0.3
    assert math.isnan(losses[-1])
    assert math.isnan(diverging.curve("train/gradient_norm")[-1][1])
    assert diverging.curve("val/accuracy")[-1][1] == pytest.approx(0.1, abs=0.01)


def test_the_third_keeps_what_it_had_before_it_crashed(crashing: Record) -> None:
    assert crashing.status["exit_reason"] == "IndexError: tuple index out of range"
    assert len(crashing.curve("val/accuracy")) == 20
    assert "Traceback (most recent call last)" in crashing.log
    assert "final_accuracy" not in crashing.summary


def test_samples_show_each_digit_with_its_answer(learning: Record) -> None:
    samples = list(read_samples(learning.path, "answers"))
    assert len({sample.step for sample in samples}) == 6
    assert len(samples) == 6 * 40
    for row in (sample.data for sample in samples):
        image = row["prompt"][0]["content"][1]
        assert _is_whole_png((learning.path / image["path"]).read_bytes())
        assert row["correct"] is (row["completion"] == row["target"])
        assert 0 <= row["reward"] <= 1


def test_the_project_has_a_description_a_board_and_a_baseline(played: Played, learning: Record) -> None:
    assert "three seeds" in description.read(played.root, "digits")
    assert boards.names(played.root, "digits") == ["overfitting"]
    assert analysis.read(played.root, "digits")["baseline"] == [learning.path.name]


def _is_whole_png(content: bytes) -> bool:
    """Whether every chunk's checksum is right and the last one ends the file."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    place, kind = 8, b""
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        checksum = int.from_bytes(content[place + 8 + length : place + 12 + length], "big")
        assert checksum == zlib.crc32(content[place + 4 : place + 8 + length])
        place += 12 + length
    return kind == b"IEND" and place == len(content)
