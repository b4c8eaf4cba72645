"""Samples of NeMo-RL: `train_data_step<N>.jsonl` and `val_data_step<N>.jsonl` in a log folder.

Format: https://github.com/NVIDIA-NeMo/RL (`log_batched_dict_as_jsonl`). Every value is a list with one element; token ids are
padded on the right to the longest sample of the batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, group_of_prompt, sample
from runicorn_importers.samples.source import SampleSource, json_lines

FILE = re.compile(r"(train|val)_data_step(\d+)\.jsonl")
TOKENS = ("token_ids", "token_loss_mask", "advantages", "generation_logprobs", "prev_logprobs")
USED = ("content", "rewards", "idx", "input_lengths", *TOKENS)


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a log folder of NeMo-RL."""
    matches = [(match, path) for path in folder.glob("*.jsonl") if (match := FILE.fullmatch(path.name))]
    for match, path in sorted(matches, key=lambda pair: (pair[0][1], int(pair[0][2]))):
        yield SampleSource(path, match[1], _rows)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    match = FILE.fullmatch(path.name)
    for number, (record, _) in enumerate(json_lines(path)):
        if number < start:
            continue
        single = {key: _single(value) for key, value in record.items()}
        length = single.get("input_lengths")
        streams = {key: _cut(single.get(key), length) for key in TOKENS}
        content = single.get("content")
        is_chat = isinstance(content, list) and all(isinstance(item, dict) for item in content)
        prompt = _prompt(content) if isinstance(content, list) and is_chat else None
        named = {
            "messages": content if is_chat else None,
            "completion": None if is_chat else content,
            "reward": single.get("rewards"),
            "token_ids": streams["token_ids"],
            "logprobs": streams["generation_logprobs"],
            "advantage": streams["advantages"],
            "mask": streams["token_loss_mask"],
            "train_logprobs": streams["prev_logprobs"],
            **group_of_prompt(prompt),
        }
        yield SampleRow(sample(single, named, USED), int(match[2]) if match else None, end=number + 1)


def _prompt(messages: list[Any]) -> list[Any]:
    """Return the messages before the first answer, which alone are equal in a group; without their padded tokens."""
    roles = [message.get("role") for message in messages]
    prompt = messages[: roles.index("assistant")] if "assistant" in roles else messages[:-1]
    return [[message.get("role"), message.get("content")] for message in prompt]


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _cut(values: Any, length: Any) -> list[Any] | None:
    """Return a list without its padding."""
    if not isinstance(values, list):
        return None
    return values[:length] if isinstance(length, int) and length > 0 else values
