"""Histograms, tables, sounds, videos and documents of TensorBoard and W&B become those of Runicorn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runicorn.store import layout
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
