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


def dump_of_miles(folder: Path, step: int) -> dict[str, Any]:
    """Write a rollout with two samples of one index, by the fields that miles' own reader reads; return their columns."""
    samples = [
        {
            "group_index": 2,
            "index": 8,
            "prompt": "1+1?",
            "tokens": tokens,
            "response": "2 2",
            "response_length": 5,
            "reward": 1.0,
            "loss_mask": [1] * 5,
            "rollout_log_probs": [-0.5] * 5,
            "status": "completed",
        }
        for tokens in ([1, 2, 3, 4, 5, 6, 7], [1, 2, 9, 9, 9, 9, 9])
    ]
    (folder / "rollout_data").mkdir(parents=True, exist_ok=True)
    content = {"rollout_id": step, "metadata": {}, "samples": samples}
    (folder / "rollout_data" / f"{step}.pt").write_bytes(pickle.dumps(content))
    return {
        "sample_indices": [8, 8],
        "tokens": [sample["tokens"] for sample in samples],
        "response_lengths": [5, 5],
        "total_lengths": [7, 7],
        "rewards": [0.5, 0.5],
        "raw_reward": [1.0, 1.0],
        "loss_masks": [[1] * 5, [1] * 5],
    }


def dump_rank(folder: Path, step: int, rank: int, columns: dict[str, Any], **layout: Any) -> None:
    path = folder / "train_data" / f"{step}_{rank}.pt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps({"rank": rank, "rollout_data": columns, "qkv_format": "thd", **layout}))


def converted(folder: Path, root: Path) -> list[dict[str, Any]]:
    call("convert", str(folder))
    root.mkdir(exist_ok=True)
    (details,) = sample_folders(folder)
    import_samples(root, details)
    run_dir = next(root.glob("*/*/runs/*/samples")).parent
    return [sample.data for sample in read_samples(run_dir, "train")]


@pytest.mark.usefixtures("torch")
def test_the_rank_files_of_miles_are_joined_with_its_samples(tmp_path: Path) -> None:
    details = tmp_path / "details"
    columns = dump_of_miles(details, 4)
    # An earlier pipeline stage, the last one, and its tensor-parallel peer.
    dump_rank(details, 4, 0, columns, cp_rank=0, cp_size=1)
    computed = {
        "log_probs": [[-0.1, -0.2, -0.3, -0.4, -0.5], [-1.0] * 5],
        "entropy": [[0.1] * 5, [0.2] * 5],
        "advantages": [[0.25] * 5, [0.75] * 5],
        "returns": [[1.0] * 5, [2.0] * 5],
    }
    for rank in (2, 10):
        dump_rank(details, 4, rank, {**columns, **computed}, cp_rank=0, cp_size=1)
    first, second = converted(details, tmp_path / "store")
    assert first["train_logprobs"] == [None, None, -0.1, -0.2, -0.3, -0.4, -0.5]
    assert first["entropy"] == [None, None, *[0.1] * 5] and first["returns"][2:] == [1.0] * 5
    assert first["advantage"][2:] == [0.25] * 5 and second["advantage"][2:] == [0.75] * 5
    assert second["train_logprobs"][2:] == [-1.0] * 5 and first["logprobs"][2:] == [-0.5] * 5


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("is_padded", [False, True])
def test_context_parallel_slices_of_miles_are_assembled(tmp_path: Path, is_padded: bool) -> None:
    details = tmp_path / "details"
    columns = dump_of_miles(details, 4)
    # The logits of the response are at 1 to 5. Four chunks of 2 (7 tokens): 0-1, 2-3, 4-5, 6-7; of 3 (padded to 12): 0-2, 3-5.
    slices = {0: [0.0, 0.1], 1: [0.2, 0.3, 0.4]} if is_padded else {0: [0.0], 1: [0.1, 0.2, 0.3, 0.4]}
    padding = {"max_seq_lens": [12, 12]} if is_padded else {}
    layout = {"cp_size": 2, "qkv_format": "bshd" if is_padded else "thd"}
    values = {cp_rank: {"log_probs": [part, part]} for cp_rank, part in slices.items()}
    dump_rank(details, 4, 1, {**columns, **padding, **values[1]}, cp_rank=1, **layout)
    first, _ = converted(details, tmp_path / "store")
    assert "train_logprobs" not in first and first["record"]["train_data_incomplete"] == ["train_logprobs"]
    # A rank that writes later changes the samples.
    dump_rank(details, 4, 0, {**columns, **padding, **values[0]}, cp_rank=0, **layout)
    first, second = converted(details, tmp_path / "store")
    assert first["train_logprobs"][2:] == [0.0, 0.1, 0.2, 0.3, 0.4] == second["train_logprobs"][2:]
    assert "train_data_incomplete" not in first["record"]


@pytest.mark.usefixtures("torch")
def test_values_of_the_trainer_of_slime_that_come_later_are_converted(tmp_path: Path) -> None:
    details = tmp_path / "details"
    dump(details, 4)
    side = details / "train_data" / "4.pt"
    content = side.read_bytes()
    side.unlink()
    assert "advantage" not in converted(details, tmp_path / "store")[0]
    side.write_bytes(content)
    assert converted(details, tmp_path / "store")[0]["advantage"] == [None, None, 0.25]


def test_without_torch_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(tmp_path, 1)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "run this where you train" in call("convert", str(tmp_path), code=1)
