"""`runicorn convert` writes the pickles of miles and slime as JSON lines, which are then read like other samples."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.samples.reader import read_samples
from runicorn_importers.samples.folders import import_samples, sample_folders
from tests.tools.terminal.conftest import call


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch, of which only `load` is used: it unpickles."""
    module = types.ModuleType("torch")

    def load(path: Path, *, map_location: str, weights_only: bool) -> Any:
        assert (map_location, weights_only) == ("cpu", False)
        return pickle.loads(Path(path).read_bytes())

    module.load = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", module)


TRAINED = {"sample_index": 8, "advantages": [0.25], "entropy": [0.5], "log_probs": [-0.75]}


def dump(folder: Path, step: int) -> None:
    sample = {
        "group_index": 2,
        "index": 8,
        "prompt": "1+1?",
        "tokens": [1, 2, 3],
        "response": "2",
        "response_length": 1,
        "reward": 1.0,
        "loss_mask": [1],
        "rollout_log_probs": [-0.5],
        "status": "completed",
        "rollout_routed_experts": b"much",
    }
    for name, content in (
        ("rollout_data", {"rollout_id": step, "samples": [sample]}),
        ("train_data", {"format_version": 2, "samples": [TRAINED]}),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{step}.pt").write_bytes(pickle.dumps(content))


@pytest.mark.usefixtures("torch")
def test_a_dump_of_slime_is_converted_and_imported(tmp_path: Path) -> None:
    details, root = tmp_path / "details", tmp_path / "store"
    root.mkdir()
    dump(details, 4)
    assert call("convert", str(details)).strip().endswith("4.samples.jsonl")
    assert call("convert", str(details)) == ""
    (folder,) = sample_folders(details)
    run_dir = root / import_samples(root, folder).items[0].run
    (sample,) = read_samples(run_dir, "train")
    assert sample.step == 4 and sample.data["id"] == "8" and sample.data["completion"] == "2"
    assert sample.data["logprobs"] == [None, None, -0.5] and "much" not in str(sample.data)
    assert sample.data["advantage"] == [None, None, 0.25] and sample.data["entropy"] == [None, None, 0.5]
    assert sample.data["train_logprobs"] == [None, None, -0.75]
    assert "advantages" not in sample.data["record"]


def test_without_torch_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(tmp_path, 1)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "run this where you train" in call("convert", str(tmp_path), code=1)
