"""Files that the frameworks wrote: TRL 1.16, lm-evaluation-harness 0.4.13, Inspect AI 0.3.285, and verifiers 0.4 by its writer.

Also by their writers alone, with rollouts made by hand: ART 0.5.18 (`write_trajectory_groups_parquet`), torchtitan 0.3.0
(`RolloutSampleRecorder`), lighteval 0.13.0 (`EvaluationTracker.save`); torch was replaced by an empty module for these.

How they were made: TRL trained a GPT-2 of one layer with random weights for four steps, the harness evaluated it on a local task,
Inspect evaluated its mock model, and episodes were validated and written by the functions of verifiers.
"""

from __future__ import annotations

import math
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from runicorn.store.samples.names import sample_sets
from runicorn.store.samples.reader import read_samples
from runicorn_importers.samples.folders import import_samples, sample_folders
from tests.processes import PROJECT

Samples = dict[str, list[tuple[int | None, dict[str, Any]]]]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Samples]]:
    """Samples by the first folder of their source, then by set."""
    folder = tmp_path_factory.mktemp("frameworks")
    with tarfile.open(PROJECT / "tests" / "fixtures" / "foreign" / "samples.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    root = folder / "store"
    root.mkdir()
    samples: dict[str, Samples] = {}
    for source in sample_folders(folder / "samples"):
        run_dir = root / import_samples(root, source).items[0].run
        samples[source.path.relative_to(folder / "samples").parts[0]] = {
            name: [(sample.step, sample.data) for sample in read_samples(run_dir, name)]
            for name in sample_sets(run_dir)
        }
    yield samples


def test_each_folder_is_recognized(imported: dict[str, Samples]) -> None:
    assert set(imported) == {
        *("inspect", "inspect-json", "trl", "lmeval", "verifiers"),
        *("art", "torchtitan", "lighteval"),
    }


def test_trl(imported: dict[str, Samples]) -> None:
    rows = imported["trl"]["completions"]
    assert [step for step, _ in rows] == [step for step in (1, 2, 3, 4) for _ in range(4)]
    for _, row in rows:
        assert row["reward"] == pytest.approx(
            sum(value for value in row["rewards"].values() if not math.isnan(value))
        )
        assert row["rewards"]["accuracy_reward"] == float("2" in row["completion"])
        assert isinstance(row["prompt"], str) and isinstance(row["advantage"], float)


def test_lm_eval(imported: dict[str, Samples]) -> None:
    rows = [row for _, row in imported["lmeval"]["arith"]]
    assert [(row["id"], row["prompt"], row["target"], row["correct"]) for row in rows] == [
        ("0", "1 + 1 ?", "2", False),
        ("1", "1 + 2 ?", "3", False),
    ]


@pytest.mark.parametrize("form", ["inspect", "inspect-json"])
def test_inspect(imported: dict[str, Samples], form: str) -> None:
    rows = [row for _, row in imported[form]["arithmetic"]]
    assert [(row["id"], row["correct"], row["target"]) for row in rows] == [
        ("q/0", True, "0"),
        ("q/1", True, "2"),
        ("q/2", False, "4"),
        ("q/3", True, "6"),
    ]
    assert [message["role"] for message in rows[0]["messages"]] == ["user", "assistant"]
    assert rows[0]["messages"][0]["content"] == "0+0?" and rows[0]["truncated"] is False


def test_verifiers(imported: dict[str, Samples]) -> None:
    rows = imported["verifiers"]["rollouts"]
    assert [(step, row["id"], row["reward"]) for step, row in rows] == [
        (3, f"trace-{n}", 2.0) for n in range(3)
    ]
    assert rows[0][1]["logprobs"] == [None, None, -0.1, -0.2] and rows[0][1]["messages"][1]["content"] == "2"


def test_art(imported: dict[str, Samples]) -> None:
    rows = imported["art"]["train"]
    assert [(step, row["group"], row["reward"], "truncated" in row) for step, row in rows] == [
        (step, str(group), n / 2, False) for step in (0, 1) for group in range(2) for n in range(2)
    ]
    # This version keeps no finish reasons.
    assert [{"role": m["role"], "content": m["content"]} for m in rows[3][1]["messages"]] == [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"},
    ]
    assert rows[1][1]["rewards"]["acc"] == 0.5


def test_torchtitan(imported: dict[str, Samples]) -> None:
    rows = imported["torchtitan"]["rollouts"]
    assert [(step, row["id"], row["reward"], row["tags"][0]) for step, row in rows] == [
        (step, f"{group}/{rollout}", rollout / 2, "train" if step == 1 else "val")
        for step in (1, 2)
        for group in range(2)
        for rollout in (0, 2)  # its recorder keeps the worst and the best of three
    ]
    assert [message["role"] for message in rows[0][1]["messages"]] == ["user", "assistant", "user"]
    assert rows[0][1]["token_ids"] == [1, 2, 3, 4, 5] and rows[0][1]["rewards"] == {"correct": 0.0}


def test_lighteval(imported: dict[str, Samples]) -> None:
    rows = imported["lighteval"]["arith 0"]
    assert [
        (row["id"], row["prompt"], row["completion"], row["target"], row["reward"]) for _, row in rows
    ] == [(str(n), f"Q: {n}+{n}?", str(2 * n if n else 5), str(2 * n), float(n > 0)) for n in range(3)]
    assert rows[0][1]["token_ids"] == [1, 2, 3, 4, 5] and rows[0][1]["truncated"] is False
