"""Samples of each framework come with its text, rewards, steps, groups and tokens; what has no key of ours is kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.samples.names import sample_sets
from runicorn.store.samples.reader import read_samples
from runicorn_importers.samples import lighteval
from runicorn_importers.samples.folders import FRAMEWORKS, import_samples, sample_folders
from tests.importers.samples import folders

Rows = dict[str, list[tuple[int | None, dict[str, Any]]]]


def rows_of(tmp_path: Path, writer: Any, name: str = "outputs") -> Rows:
    """Write a folder, import it into an empty store, and return its samples by set."""
    source, root = tmp_path / name, tmp_path / "store"
    writer(source)
    root.mkdir()
    rows: Rows = {}
    for folder in sample_folders(source):
        report = import_samples(root, folder)
        run_dir = root / report.items[0].run
        for sample_set in sample_sets(run_dir):
            rows[sample_set] = [(sample.step, sample.data) for sample in read_samples(run_dir, sample_set)]
    return rows


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_folder_is_recognized_by_what_lies_in_it(tmp_path: Path, framework: str) -> None:
    folders.WRITERS[framework](tmp_path / "outputs")
    assert [folder.framework for folder in sample_folders(tmp_path)] == [framework]


def test_verl(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, folders.verl)["train"]
    assert [step for step, _ in rows] == [1, 1, 2, 2]
    first, second = rows[0][1], rows[1][1]
    assert first == {
        "id": "7_0_0",
        "group": "7",
        "prompt": "1+1?",
        "completion": "2",
        "target": "2",
        "reward": 1.0,
        "rewards": {"format": 0.5},
        "correct": True,
        "record": {"format": 0.5},
    }
    assert math.isnan(second["rewards"]["format"])


def test_trl(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, folders.trl)["completions"]
    assert rows[0] == (
        5,
        {
            "prompt": "<|user|>1+1?",
            "completion": "2",
            "rewards": {"accuracy_reward": 1.0},
            "reward": 1.0,
            "advantage": 0.5,
            "group": rows[1][1]["group"],
            "group_from": "prompt",
            "selected_by": "TRL",
        },
    )


def test_samples_of_an_equal_prompt_are_a_group_where_none_is_recorded(tmp_path: Path) -> None:
    classic = [{"input": f"{n // 2}+1?", "output": str(n), "score": 0.0, "step": 1} for n in range(4)]

    def write(folder: Path) -> None:
        folders.lines(folder / "1.jsonl", classic)

    groups = [row["group"] for _, row in rows_of(tmp_path, write)["train"]]
    assert groups[0] == groups[1] != groups[2] == groups[3]


def test_the_prompt_of_a_chat_of_nemo_rl_is_its_group(tmp_path: Path) -> None:
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"}]
    rows = [
        {"content": [[*prompt, {"role": "assistant", "content": answer}]], "rewards": [1.0], "idx": n}
        for n, answer in enumerate("23")
    ]

    def write(folder: Path) -> None:
        folders.lines(folder / "train_data_step1.jsonl", rows)

    (_, first), (_, second) = rows_of(tmp_path, write)["train"]
    assert first["messages"][-1]["content"] == "2" and first["group"] == second["group"]


def test_nemo_rl(tmp_path: Path) -> None:
    ((step, row),) = rows_of(tmp_path, folders.nemo_rl)["train"]
    assert step == 3 and row["completion"].startswith("user:") and row["reward"] == 1.0
    assert (row["token_ids"], row["mask"], row["logprobs"]) == ([5, 6, 7], [0, 0, 1], [0.0, 0.0, -0.25])
    assert row["advantage"] == [0.0, 0.0, 1.5] and row["train_logprobs"][-1] == -0.5


def test_torchtitan(tmp_path: Path) -> None:
    ((step, row),) = rows_of(tmp_path, folders.torchtitan)["rollouts"]
    assert step == 7 and (row["id"], row["group"]) == ("4/1", "4")
    assert [message["content"] for message in row["messages"]] == ["1+1?", "3", "wrong", "2"]
    assert row["truncated"] is True and row["rewards"] == {"correct": 0.5} and row["tags"][0] == "train"
    assert (row["selected_by"], row["step_from"]) == ("torchtitan", "policy version")


def test_open_instruct(tmp_path: Path) -> None:
    ((step, row),) = rows_of(tmp_path, folders.open_instruct)["rollouts"]
    assert step == 9 and row["token_ids"] == [1, 2, 3, 4] and row["mask"] == [0, 0, 1, 1]
    assert row["truncated"] is True and row["record"] == {"finish_reason": "length", "dataset": "gsm8k"}


@pytest.mark.parametrize("layout", ["verifiers", "prime_rl", "prime_rl_single", "prime_rl_steps"])
def test_episodes(tmp_path: Path, layout: str) -> None:
    rows = rows_of(tmp_path, getattr(folders, layout))
    sets = rows.get("rollouts") or rows["train"]
    assert len(sets) == (2 if layout == "prime_rl" else 1)
    step, row = sets[0]
    assert step == 3 and (row["id"], row["group"]) == ("trace-0", "group-0")
    assert row["reward"] == 2.0 and row["rewards"] == {"correct": 1.0} and row["target"] == "2"
    assert row["token_ids"] == [1, 2, 3, 4] and row["logprobs"] == [None, None, -0.1, -0.2]
    assert row["advantage"] == 0.5 and row["truncated"] is True and row["tags"] == ["gsm8k", "solver"]
    assert row["record"]["episode"]["ok"] is True
    if layout == "prime_rl_steps":
        assert rows["tokens"][0][1]["train_logprobs"] == [None, -0.6]


def test_verifiers_before_version_1(tmp_path: Path) -> None:
    ((_, row),) = rows_of(tmp_path, folders.verifiers_v0)["rollouts"]
    assert row["id"] == "12" and len(row["messages"]) == 2 and row["target"] == "2" and row["reward"] == 1.0


def test_miles_without_loading_a_pickle(tmp_path: Path) -> None:
    ((step, row),) = rows_of(tmp_path, folders.miles)["train"]
    assert step == 2 and (row["id"], row["group"], row["truncated"]) == ("8", "2", True)
    assert (
        row["token_ids"] == [1, 2, 3] and row["logprobs"] == [None, None, -0.5] and row["mask"] == [0, 0, 1]
    )
    assert not Path("/tmp/loaded").exists()


def test_tinker(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, folders.tinker)["train"]
    assert [(step, row["reward"], row["messages"][0]["content"]) for step, row in rows] == [
        (4, 0.0, "two"),
        (4, 0.5, "three"),
    ]


def test_art(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, folders.art)
    assert rows["train"][0][0] == 2 and rows["train"][0][1]["rewards"] == {"length": 3.0}
    assert [row["reward"] for _, row in rows["val"]] == [1.0, 1.0]


def test_lm_eval(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, folders.lm_eval)["gsm8k"]
    assert [(row["id"], row["correct"], row["completion"]) for _, row in rows] == [
        ("0", False, "3"),
        ("1", True, "2"),
    ]
    assert rows[0][1]["prompt"] == "Q: 1+1?" and rows[0][1]["record"]["doc"] == {"question": "1+1?"}


def test_inspect(tmp_path: Path) -> None:
    ((_, row),) = rows_of(tmp_path, folders.inspect)["arithmetic"]
    assert (
        row["messages"][0]["content"] == "1+1?"
        and row["correct"] is True
        and row["rewards"] == {"match": 1.0}
    )
    assert row["truncated"] is True and row["tool_calls"] == 1


def test_lighteval(tmp_path: Path) -> None:
    ((_, row),) = rows_of(tmp_path, folders.lighteval)["gsm8k 5"]
    assert (row["prompt"], row["completion"], row["target"]) == ("Q: 1+1?", "2", "2")
    assert row["token_ids"] == [1, 2]


@pytest.mark.parametrize("inner", ["details", "details/org/model/2026-05-05T10-00-00.1"])
def test_the_folder_of_details_of_lighteval_and_a_dated_one_are_recognized(
    tmp_path: Path, inner: str
) -> None:
    folders.lighteval(tmp_path)
    assert len(list(lighteval.sources(tmp_path / inner))) == 1


def test_a_folder_far_above_is_not_one_of_lighteval(tmp_path: Path) -> None:
    folders.lighteval(tmp_path / "a" / "outputs")
    folders.lighteval(tmp_path / "b" / "outputs")
    assert list(lighteval.sources(tmp_path)) == list(lighteval.sources(tmp_path / "a")) == []
    assert [folder.path for folder in sample_folders(tmp_path)] == [
        tmp_path / name / "outputs" for name in ("a", "b")
    ]
