"""Rollouts of torchtitan's RL recorder: `rollout_samples.jsonl`, appended over all steps.

Format: https://github.com/pytorch/torchtitan (experiments/rl). By default only the best and the worst rollout of each group are
written; the only order is that of the policy versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines

FILE = "rollout_samples.jsonl"
USED = (
    "is_validation",
    "group_id",
    "rollout_id",
    "status",
    "reward",
    "reward_breakdown",
    "advantage",
    "turns",
)
NOTE = "the best and the worst rollout of each group; the step is the policy version"


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the file of a dump folder of torchtitan."""
    path = folder / FILE
    first = next((record for record, _ in json_lines(path)), {}) if path.is_file() else {}
    if {"group_id", "rollout_id", "turns"} <= first.keys():
        yield SampleSource(path, "rollouts", _rows, grows=True, note=NOTE)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in json_lines(path, start):
        turns = [turn for turn in record.get("turns") or () if isinstance(turn, dict)]
        last = turns[-1] if turns else {}
        # Each turn repeats the whole conversation before it.
        messages = [*(last.get("prompt_messages") or ())]
        messages += [last["completion_message"]] if last.get("completion_message") else []
        messages += last.get("env_messages") or ()
        status = str(record.get("status", ""))
        split = "val" if record.get("is_validation") else "train"
        named = {
            "id": f"{record.get('group_id')}/{record.get('rollout_id')}",
            "group": str(record.get("group_id")),
            "messages": messages or None,
            "reward": record.get("reward"),
            "rewards": numbers(record.get("reward_breakdown")),
            "advantage": record.get("advantage"),
            "truncated": status.startswith("truncated"),
            "token_ids": _joined(last, "prompt_token_ids", "completion_token_ids"),
            "logprobs": last.get("completion_logprobs"),
            "tags": [split, status],
            "selected_by": "torchtitan",
            "step_from": "policy version",
        }
        yield SampleRow(sample(record, named, USED[1:-1]), _version(turns), end=end)


def _joined(turn: dict[str, Any], *keys: str) -> list[Any] | None:
    parts = [turn.get(key) for key in keys]
    return [item for part in parts for item in part or ()] or None


def _version(turns: list[dict[str, Any]]) -> int | None:
    """Return the newest policy version; a turn that one version wrote has only the least."""
    keys = ("max_policy_version", "min_policy_version")
    versions = [version for turn in turns for key in keys if isinstance(version := turn.get(key), int)]
    return max(versions, default=None)
