"""Folders of frameworks, written by hand with the fields that their sources document."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NAN = float("nan")


def lines(path: Path, rows: Iterable[Any]) -> None:
    """Append JSON lines, with the literals NaN and Infinity that Python writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(path: Path, rows: list[dict[str, Any]], **options: Any) -> None:
    """Write a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, **options)


def verl(folder: Path) -> None:
    """Two steps of two rollouts of the v1 trainer."""
    for step in (1, 2):
        rows = [
            {
                "input": "1+1?",
                "output": "2",
                "gts": "2",
                "score": 1.0,
                "step": step,
                "uid": f"7_{n}_0",
                "acc": True,
            }
            | {"format": NAN if n else 0.5}
            for n in range(2)
        ]
        lines(folder / f"{step}.jsonl", rows)


def trl(folder: Path) -> None:
    """One logging step."""
    rows = [
        {
            "step": 5,
            "prompt": "<|user|>1+1?",
            "completion": str(n),
            "accuracy_reward": float(n == 2),
            "advantage": 0.5,
        }
        for n in (2, 3)
    ]
    table(folder / "completions" / "completions_00005.parquet", rows)
    (folder / "trainer_state.json").write_text("{}")


def nemo_rl(folder: Path) -> None:
    """A step with padded tokens."""
    row = {
        "content": ["user: 1+1? assistant: 2"],
        "rewards": [1.0],
        "input_lengths": [3],
        "token_ids": [[5, 6, 7, 0, 0]],
        "token_loss_mask": [[0, 0, 1, 0, 0]],
        "advantages": [[0.0, 0.0, 1.5, 0.0, 0.0]],
        "generation_logprobs": [[0.0, 0.0, -0.25, 0.0, 0.0]],
        "prev_logprobs": [[0.0, 0.0, -0.5, 0.0, 0.0]],
        "idx": 0,
    }
    lines(folder / "train_data_step3.jsonl", [row])


def torchtitan(folder: Path) -> None:
    """One rollout of two turns, the second of which repeats the first."""
    user, answer = {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "3"}
    again, right = {"role": "user", "content": "wrong"}, {"role": "assistant", "content": "2"}
    row = {
        "is_validation": False,
        "group_id": 4,
        "rollout_id": 1,
        "status": "truncated_length",
        "reward": 0.5,
        "reward_breakdown": {"correct": 0.5},
        "advantage": -1.0,
        "turns": [
            {"turn_id": 0, "max_policy_version": 6, "prompt_messages": [user], "completion_message": answer},
            {
                "turn_id": 1,
                "max_policy_version": 7,
                "prompt_messages": [user, answer, again],
                "completion_message": right,
                "env_messages": [],
            },
        ],
    }
    lines(folder / "rollout_samples.jsonl", [row])


def open_instruct(folder: Path) -> None:
    """A shard of token ids."""
    row = {
        "step": 9,
        "sample_idx": 3,
        "prompt_idx": 1,
        "prompt_tokens": [1, 2],
        "response_tokens": [3, 4],
        "reward": 10.0,
        "advantage": 0.1,
        "finish_reason": "length",
        "dataset": "gsm8k",
        "ground_truth": [4],
        "logprobs": [-0.1, -0.2],
    }
    lines(folder / "run_rollouts_000000.jsonl", [row])
    lines(folder / "run_metadata.jsonl", [{"run_name": "run", "model_name": "m"}])


def verifiers_v0(folder: Path) -> None:
    """Results of an evaluation."""
    row = {
        "example_id": 12,
        "prompt": [{"role": "user", "content": "1+1?"}],
        "completion": [{"role": "assistant", "content": "2"}],
        "reward": 1.0,
        "timing": {"total_ms": 5},
        "is_completed": True,
        "is_truncated": False,
        "metrics": {"correct": 1.0},
        "answer": "2",
    }
    lines(folder / "results.jsonl", [row, {"no": "example"}])
    about = {"env_id": "gsm8k", "rollouts_per_example": 1, "num_examples": 1}
    (folder / "metadata.json").write_text(json.dumps(about))


def episode(number: int, step: int = 3) -> dict[str, Any]:
    """An episode of verifiers 1 with a prompt of two tokens and a response of two."""
    nodes = [
        {
            "parent": None,
            "message": {"role": "user", "content": "1+1?"},
            "sampled": False,
            "token_ids": [1, 2],
            "mask": [False, False],
            "logprobs": [],
        },
        {
            "parent": 0,
            "message": {"role": "assistant", "content": "2"},
            "sampled": True,
            "token_ids": [3, 4],
            "mask": [True, True],
            "logprobs": [-0.1, -0.2],
            "advantages": [0.5, 0.5],
        },
    ]
    trace = {
        "version": 1,
        "id": f"trace-{number}",
        "task": {"type": "math", "data": {"answer": "2"}},
        "agent": {"name": "solver", "trainable": True},
        "nodes": nodes,
        "rewards": {"correct": {"score": 1.0, "weight": 2.0}, "format": None},
        "info": {"advantage": 0.5, "kind": "train"},
        "stop_condition": "max_turns",
    }
    work = {"type": "train", "step": step}
    return {
        "id": f"episode-{number}",
        "env": {"id": "gsm8k"},
        "group": {"id": f"group-{number // 2}"},
        "run": {"type": "train", "id": "r", "work": work},
        "ok": True,
        "traces": [trace],
    }


def verifiers(folder: Path) -> None:
    """Episodes of version 1."""
    (folder / "configs").mkdir(parents=True)
    lines(folder / "traces.jsonl", [episode(0)])


def prime_rl(folder: Path) -> None:
    """The newest layout: a sealed chunk and a live one."""
    stream = folder / "monitors" / "file" / "traces" / "stream"
    lines(stream / "00000.jsonl", [episode(0)])
    plain = (stream / "00000.jsonl").read_bytes()
    with pa.CompressedOutputStream(pa.OSFile(str(stream / "00000.jsonl.zst"), "wb"), "zstd") as sealed:
        sealed.write(plain)
    (stream / "00000.jsonl").unlink()
    lines(stream / "00001.jsonl", [episode(1)])


def annotation(number: int, **values: Any) -> dict[str, Any]:
    """What prime-rl writes of an episode later, with values of all tokens of its branch."""
    branches = [{"index": 0, **values}] if values else []
    info = {"ship": {"step": 5}}
    return {"version": 1, "trace_id": f"trace-{number}", "info": info, "branches": branches}


def annotate(folder: Path, producer: str, rows: list[dict[str, Any]], chunk: int = 0) -> Path:
    """Append annotations of one producer of the newest layout of prime-rl."""
    path = folder / "monitors" / "file" / "traces" / "annotations" / producer / f"{chunk:05d}.jsonl"
    lines(path, rows)
    lines(path.parent.with_name(f"{producer}.index.jsonl"), [{"line": 1, "offset": 0}])
    return path


def prime_rl_single(folder: Path) -> None:
    """The newest layout before its stream was cut into chunks."""
    lines(folder / "monitors" / "file" / "traces" / "stream.jsonl", [episode(0)])
    lines(folder / "monitors" / "file" / "traces" / "stream.index.jsonl", [{"line": 1, "offset": 0}])


def prime_rl_steps(folder: Path) -> None:
    """The layout before: a folder for each step."""
    lines(folder / "rollouts" / "step_3" / "train" / "all" / "traces.jsonl", [episode(0)])
    lines(folder / "rollouts" / "step_3" / "train" / "effective" / "traces.jsonl", [episode(0)])
    export = {
        "schema_version": 1,
        "step": 3,
        "rank": 0,
        "export_sequence_idx": 1,
        "token_ids": [1, 2],
        "loss_mask": [False, True],
        "advantages": [None, 0.5],
        "inference_logprobs": [None, -0.5],
        "trainer_logprobs": [None, -0.6],
        "entropy": [None, 0.7],
    }
    lines(folder / "token_exports" / "step_3" / "rank_0.jsonl", [export])
    (folder / "token_exports" / "step_3" / "STABLE").touch()


def miles(folder: Path) -> None:
    """Trajectories with tokens beside them, and a pickle that must not be loaded."""
    (folder / "rollout_data").mkdir(parents=True)
    (folder / "rollout_data" / "2.pt").write_bytes(b"cos\nsystem\n(S'touch /tmp/loaded'\ntR.")
    row = {
        "sample_index": 8,
        "group_index": 2,
        "status": "truncated",
        "reward": 1.0,
        "prompt": "1+1?",
        "messages": [{"role": "assistant", "content": "2"}],
    }
    lines(folder / "trajectory" / "2.jsonl", [row])
    tokens = {"sample_index": 8, "tokens": [1, 2, 3], "loss_mask": [1], "rollout_log_probs": [-0.5]}
    table(folder / "dashboard_columns" / "rollout_2.parquet", [tokens])


def tinker(folder: Path) -> None:
    """An iteration with its text in the tree."""
    iteration = folder / "iteration_000004"
    rows = [
        {
            "schema_version": 1,
            "split": "train",
            "iteration": 4,
            "group_idx": 0,
            "traj_idx": n,
            "total_reward": n / 2,
        }
        | {"trajectory_metrics": {"length": 3}, "tags": ["math"], "steps": []}
        for n in range(2)
    ]
    lines(iteration / "train_rollout_summaries.jsonl", rows)
    talks = [
        {"tag": "div", "data": {"type": "conversation", "messages": [{"role": "assistant", "content": text}]}}
        for text in ("two", "three")
    ]
    (iteration / "train_logtree.json").write_text(
        json.dumps({"root": {"tag": "div", "children": ["x", *talks]}})
    )


def art(folder: Path) -> None:
    """Version 1 as Parquet, and JSONL with groups."""
    rows = [
        {
            "group_index": 0,
            "reward": 0.5,
            "metrics": '{"length": 3}',
            "metadata": "{}",
            "tools": None,
            "logs": ["x"],
            "messages": [{"role": "assistant", "content": "2", "tool_calls": None, "trainable": True}],
        }
    ]
    model = folder / "project" / "models" / "model" / "trajectories"
    table(model / "train" / "0002.parquet", rows)
    group = {
        "trajectories": [{"messages_and_choices": [{"role": "user", "content": "hi"}], "reward": 1.0}] * 2
    }
    lines(model / "val" / "0002.jsonl", [group])


def lm_eval(folder: Path) -> None:
    """A task with two documents."""
    date = "2026-08-21T10-00-00.123"
    rows = [
        {
            "doc_id": n,
            "doc": {"question": "1+1?"},
            "target": "2",
            "arguments": {"gen_args_0": {"arg_0": "Q: 1+1?", "arg_1": {"until": ["\n"]}}},
            "resps": [["2"]],
            "filtered_resps": ["2" if n else "3"],
            "filter": "strict",
            "metrics": ["exact_match"],
            "doc_hash": "a",
            "exact_match": float(n),
        }
        for n in range(2)
    ]
    lines(folder / "model" / f"samples_gsm8k_{date}.jsonl", rows)
    (folder / "model" / f"results_{date}.json").write_text("{}")


def inspect(folder: Path) -> None:
    """A log whose samples refer to attachments, one compressed with Zstandard as Inspect does."""
    sample = {
        "id": "a/1",
        "epoch": 1,
        "input": "1+1?",
        "target": "2",
        "messages": [
            {"role": "user", "content": "attachment://h1"},
            {
                "role": "assistant",
                "content": "2",
                "tool_calls": [{"id": "1", "function": "f", "arguments": {}}],
            },
        ],
        "output": {"completion": "2", "choices": [{"stop_reason": "max_tokens", "message": {}}]},
        "scores": {"match": {"value": "C", "answer": "2"}, "judge": {"value": NAN}},
        "attachments": {"h1": "1+1?"},
    }
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "2026-08-22T10-00-00_arithmetic_abc.eval", "w") as archive:
        archive.writestr("_journal/start.json", "{}")
        archive.writestr("samples/a/1_epoch_1.json", json.dumps(sample))


def lighteval(folder: Path) -> None:
    """The details of a task."""
    date = "2026-05-05T10-00-00.1"
    row = {
        "doc": {"query": "1+1?", "choices": ["3", "2"], "gold_index": 1, "id": "4"},
        "metric": {"em": 1.0},
        "model_response": {"input": "Q: 1+1?", "text": ["2"], "input_tokens": [1], "output_tokens": [[2]]}
        | {"truncated_tokens_count": 0},
    }
    table(folder / "details" / "org" / "model" / date / f"details_gsm8k|5_{date}.parquet", [row])


WRITERS: dict[str, Callable[[Path], None]] = {
    "verl": verl,
    "trl": trl,
    "nemo-rl": nemo_rl,
    "torchtitan": torchtitan,
    "open-instruct": open_instruct,
    "verifiers": verifiers,
    "prime-rl": prime_rl,
    "miles": miles,
    "tinker-cookbook": tinker,
    "art": art,
    "lm-eval": lm_eval,
    "inspect": inspect,
    "lighteval": lighteval,
}
"""Writer of the folder of each framework."""
