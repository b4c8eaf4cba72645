"""Histograms, tables, sounds, videos and documents of TensorBoard and W&B become those of Runicorn."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runicorn.store import find, layout
from tests.importers.test_import_of_trackers import journal, points, run_import, runs, unpacked


def contents(run: Path, kind: str) -> dict[str, Any]:
    """The parsed files of tables and histograms by key; the last of each."""
    return {data["key"]: json.loads((run / data["path"]).read_text()) for data in journal(run, kind)}


def test_media_of_wandb_are_imported(tmp_path: Path, folder: Path) -> None:
    answer = run_import("wandb", unpacked("wandb-media", tmp_path), folder)
    assert answer["left"] == [] and answer["compared"]["different"] == 0
    run = runs(folder)["vision/media"]
    files = {(data["key"], data["caption"]): Path(data["path"]) for data in journal(run, "image")}
    suffixes = {key: (path.suffix, (run / path).stat().st_size) for key, path in files.items()}
    assert {key: suffix for key, (suffix, _) in suffixes.items()} == {
        ("many", "grey 9"): ".png",
        ("many", "grey 99"): ".png",
        ("page", None): ".html",
        ("film", "moving"): ".gif",
    }
    assert "<p>hello</p>" in (run / files["page", None]).read_text()
    cells = contents(run, "table")["cells"]
    assert (cells["columns"], cells["rows"]) == (["a", "b"], [[1, "x"], [2.5, None]])
    histograms = contents(run, "histogram")
    assert (histograms["counts"]["edges"], histograms["counts"]["counts"]) == ([0.0, 1.0, 3.0], [1, 2])
    assert histograms["even"]["count"] == 3 and (histograms["even"]["min"], histograms["even"]["max"]) == (
        1,
        3,
    )
    assert points(run, "loss") == [(1, 0.5)]


def test_media_of_tensorboard_are_imported(tmp_path: Path, folder: Path) -> None:
    answer = run_import("tensorboard", unpacked("tensorboard-media", tmp_path) / "vision", folder)
    assert answer["left"] == [] and answer["compared"]["different"] == 0
    runs_by_name = runs(folder)
    torch_like, tf_like = runs_by_name["vision/torch"], runs_by_name["vision/tf"]
    (sound,) = journal(torch_like, "image")
    assert (torch_like / sound["path"]).read_bytes()[:4] == b"RIFF" and sound["path"].endswith(".wav")
    assert (torch_like / layout.LOGS).read_text() == "said (step 3): hello\n"
    curve = contents(torch_like, "table")["curve"]
    assert curve["columns"] == ["threshold", "precision", "recall"] and len(curve["rows"]) == 5
    assert curve["rows"][0][1] == pytest.approx(2 / 3) and curve["rows"][2] == [0.5, 1.0, 1.0]
    own = contents(torch_like, "histogram")["counts"]
    assert own["count"] == 4 and dict(zip(own["edges"][1:], own["counts"], strict=True))[2.0] == 2
    histograms = journal(tf_like, "histogram")
    assert [data["step"] for data in histograms] == [3, 4]
    histogram = contents(tf_like, "histogram")["counts"]
    assert (histogram["edges"], histogram["counts"]) == ([0.0, 1.0, 2.0, 3.0], [1, 2, 1])


def test_media_of_trackio_are_imported(tmp_path: Path, folder: Path) -> None:
    answer = run_import("trackio", unpacked("trackio-media", tmp_path), folder)
    run = runs(folder)["vision/media"]
    assert answer["left"] == [
        f"{run.relative_to(folder)}: 'nested' is neither a number nor a text and was not imported."
    ]
    assert answer["compared"]["different"] == 0 and points(run, "loss") == [(3, 0.5)]
    files = [(data["key"], data["caption"], Path(data["path"]).suffix) for data in journal(run, "image")]
    assert sorted(files, key=str) == [
        ("cells/picture", None, ".png"),
        ("cells/picture", None, ".png"),
        ("page", None, ".html"),
        ("seen", "grey", ".png"),
        ("words", None, ".md"),
    ]
    (words,) = (data for data in journal(run, "image") if data["key"] == "words")
    assert (run / words["path"]).read_text() == "**bold**"
    tables = contents(run, "table")
    assert tables["cells"]["columns"] == ["a", "b", "picture"]
    assert [row[:2] for row in tables["cells"]["rows"]] == [[1, "x"], [2.5, None]]
    assert tables["chat"]["rows"] == [
        ["user", "hello"],
        ["assistant", "good day"],
        ["metadata", '{"status": "ok"}'],
    ]
    counts = contents(run, "histogram")["counts"]
    assert (counts["edges"], counts["counts"]) == ([0.0, 1.0, 3.0], [1, 2])
    (image,) = (data for data in journal(run, "image") if data["key"] == "seen")
    assert image["step"] == 3 and (run / image["path"]).read_bytes()[:4] == b"\x89PNG"


def test_a_file_of_trackio_outside_of_its_folder_is_not_read(tmp_path: Path, folder: Path) -> None:
    store = unpacked("trackio-media", tmp_path) / "trackio"
    (store / "private.png").write_bytes(b"secret")
    with closing(sqlite3.connect(store / "vision.db")) as database, database:
        database.execute(
            """UPDATE metrics SET metrics = json_set(metrics, '$.seen.file_path', '../private.png')"""
        )
    answer = run_import("trackio", store, folder)
    assert any("'../private.png' of 'seen' is missing" in sentence for sentence in answer["left"])
    assert not [data for data in journal(runs(folder)["vision/media"], "image") if data["key"] == "seen"]


def test_traces_datasets_and_infinities_of_mlflow_are_imported(tmp_path: Path, folder: Path) -> None:
    answer = run_import("mlflow", unpacked("mlflow-traces", tmp_path), folder)
    assert answer["compared"]["different"] == 0
    assert {sentence.partition(": ")[2] for sentence in answer["left"]} == {
        "the files of the model 'net' are outside of the imported folder."
    }
    both = [folder / relative for relative in find.all_runs(folder)]
    assert len(both) == 2  # of files, and of a database
    for run in both:
        odd = [(data["global_step"], data["odd"]) for data in journal(run) if "odd" in data]
        assert odd == [(0, 1.0), (1, math.inf), (2, -math.inf), (3, 2.0)]
        assert points(run, "score") == [(1, 0.5), (1, 0.5)]  # of two times, one of them logged twice
        tables = contents(run, "table")
        (dataset,) = tables["datasets"]["rows"]
        assert tables["datasets"]["columns"][:3] == ["name", "digest", "context"]
        assert dataset[:3] == ["six", "3efaaf32", "training"]
        trace = tables["traces/answer"]
        rows = [dict(zip(trace["columns"], row, strict=True)) for row in trace["rows"]]
        assert [row["span"] for row in rows] == ["answer", "think"]
        assert rows[1]["parent"] == rows[0]["id"]
        assert (rows[0]["inputs"], rows[0]["outputs"]) == ('{"question": "2 + 2"}', '{"answer": 4}')
        assert rows[0]["milliseconds"] > rows[1]["milliseconds"] > 0


def test_a_trace_of_mlflow_without_its_spans_is_named(tmp_path: Path, folder: Path) -> None:
    store = unpacked("mlflow-traces", tmp_path)
    (spans,) = store.glob("mlruns/*/traces/*/artifacts/traces.json")
    spans.unlink()
    answer = run_import("mlflow", store / "mlruns", folder)
    assert any(f"the trace {spans.parts[-3]} was not imported" in sentence for sentence in answer["left"])
