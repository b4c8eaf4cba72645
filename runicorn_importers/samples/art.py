"""Trajectories of ART: `.art/<project>/models/<model>/trajectories/<split>/<step>.parquet` or `.jsonl`.

Format: https://github.com/OpenPipe/ART. Parquet of version 2 has the whole trajectory as JSON; JSONL has a group a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines, parquet_rows

FILE = re.compile(r"\d{4,}\.(?:parquet|jsonl)")
SPLITS = ("train", "val")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a folder `trajectories`, of the folder of a model, or of one above."""
    for pattern in ("", "trajectories/", "*/models/*/trajectories/", ".art/*/models/*/trajectories/"):
        for split in SPLITS:
            for path in sorted(folder.glob(f"{pattern}{split}/*")):
                if FILE.fullmatch(path.name) and "trajectories" in path.parts:
                    yield SampleSource(path, split, _parquet if path.suffix == ".parquet" else _lines)


def _parquet(path: Path, start: int) -> Iterator[SampleRow]:
    for number, record in enumerate(parquet_rows(path)):
        if number < start:
            continue
        whole = _parsed(record.get("trajectory_json"))
        if whole is None and record.get("format_version") == 2:
            continue  # an empty group
        row = whole if isinstance(whole, dict) else {**record, **_json_fields(record)}
        yield SampleRow(_sample(row, record.get("group_index")), int(path.stem), end=number + 1)


def _lines(path: Path, start: int) -> Iterator[SampleRow]:
    number = 0
    for group, (record, _) in enumerate(json_lines(path)):
        for trajectory in record.get("trajectories") or [record]:
            number += 1
            if number > start and isinstance(trajectory, dict):
                yield SampleRow(_sample(trajectory, group), int(path.stem), end=number)


def _sample(row: dict[str, Any], group: Any) -> dict[str, Any]:
    messages = row.get("messages") or row.get("messages_and_choices")
    messages = [_message(item) for item in messages or () if isinstance(item, dict)]
    choices = [item for item in row.get("messages_and_choices") or () if isinstance(item, dict)]
    reasons = [item.get("finish_reason") for item in choices]
    named = {
        "group": None if group is None else str(group),
        "messages": messages or None,
        "reward": row.get("reward"),
        "rewards": numbers(row.get("metrics")),
        "truncated": ("length" in reasons) if any(reasons) else None,
    }
    keys = ("messages", "messages_and_choices", "reward", "metrics", "group_index", "trajectory_json")
    # The choices have logprobs and finish reasons that messages lack.
    rest = {**row, "choices": [item for item in choices if "finish_reason" in item]} if any(reasons) else row
    return sample(rest, named, keys)


def _message(item: dict[str, Any]) -> dict[str, Any]:
    message = item.get("message", item)
    calls = _parsed(message.get("tool_calls"))
    return {**message, "tool_calls": calls} if isinstance(calls, list) else dict(message)


def _json_fields(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: parsed
        for key in ("metrics", "metadata", "tools", "group_metadata", "group_metrics")
        if (parsed := _parsed(record.get(key))) is not None
    }


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return None
