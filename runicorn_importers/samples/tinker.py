"""Rollouts of the tinker-cookbook: `iteration_<n>/*_rollout_summaries.jsonl`, and `trajectories.jsonl` of evaluations.

Format: https://github.com/thinking-machines-lab/tinker-cookbook. Summaries have rewards without text; the text is in
`*_logtree.json`, whose conversations follow in the order of the summaries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines

FILE = re.compile(r"(.+)_rollout_summaries\.jsonl")
FOLDER = re.compile(r"iteration_(\d+)")
USED = ("group_idx", "traj_idx", "total_reward", "trajectory_metrics", "tags")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a log folder of the cookbook."""
    for path in sorted(folder.glob("iteration_*/*_rollout_summaries.jsonl")):
        if (match := FILE.fullmatch(path.name)) and FOLDER.fullmatch(path.parent.name):
            yield SampleSource(path, match[1], _summaries)
    for path in sorted(folder.glob("runs/*/*/trajectories.jsonl")):
        yield SampleSource(path, path.parent.name, _trajectories, grows=True)


def _summaries(path: Path, start: int) -> Iterator[SampleRow]:
    match, name = FOLDER.fullmatch(path.parent.name), FILE.fullmatch(path.name)
    conversations = _conversations(path.with_name(f"{name[1]}_logtree.json")) if name else []
    records = [record for record, _ in json_lines(path)]
    # A limit of groups in the tree makes it shorter; then it is uncertain which conversation belongs to which summary.
    texts = conversations if len(conversations) == len(records) else [None] * len(records)
    for number, (record, messages) in enumerate(zip(records, texts, strict=True)):
        if number < start:
            continue
        named = {
            "id": f"{record.get('group_idx')}/{record.get('traj_idx')}",
            "group": str(record.get("group_idx")),
            "messages": messages,
            "reward": record.get("total_reward"),
            "rewards": numbers(record.get("trajectory_metrics")),
            "tags": [str(tag) for tag in record.get("tags") or ()] or None,
        }
        step = record.get("iteration", int(match[1]) if match else None)
        yield SampleRow(sample(record, named, USED), step, end=number + 1)


def _trajectories(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in json_lines(path, start):
        named = {
            "id": str(record.get("example_id", record.get("idx"))),
            "messages": [turn for turn in record.get("turns") or () if isinstance(turn, dict)] or None,
            "reward": record.get("reward"),
            "rewards": numbers(record.get("metrics")),
        }
        yield SampleRow(sample(record, named, ("turns", "reward", "metrics")), end=end)


def _conversations(path: Path) -> list[Any]:
    """Return the messages of the conversations of a tree, in its order."""
    try:
        tree = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    conversations: list[Any] = []
    pending = [tree.get("root") if isinstance(tree, dict) else None]
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        data = node.get("data")
        if isinstance(data, dict) and data.get("type") == "conversation":
            conversations.append(data.get("messages"))
        pending += reversed(node.get("children") or [])
    return conversations
