"""Files that the frameworks wrote: TRL 1.16, lm-evaluation-harness 0.4.13, Inspect AI 0.3.285, and verifiers 0.4 by its writer.

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
    found: dict[str, Samples] = {}
    for source in sample_folders(folder / "samples"):
        run_dir = root / import_samples(root, source).items[0].run
        found[source.path.relative_to(folder / "samples").parts[0]] = {
            name: [(sample.step, sample.data) for sample in read_samples(run_dir, name)]
            for name in sample_sets(run_dir)
        }
    yield found


def test_each_folder_is_recognized(imported: dict[str, Samples]) -> None:
    assert set(imported) == {"inspect", "inspect-json", "trl", "lmeval", "verifiers"}


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
