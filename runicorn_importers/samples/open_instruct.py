"""Rollouts of open-instruct: `<run>_rollouts_<shard>.jsonl` beside `<run>_metadata.jsonl`.

Format: https://github.com/allenai/open-instruct (`save_traces`). Token ids without text: a tokenizer is not applied here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from runicorn_importers.sample_rows.row import SampleRow, sample
from runicorn_importers.samples.source import SampleSource, json_lines

FILE = re.compile(r"(.+)_rollouts_\d{6}\.jsonl")
USED: tuple[str, ...] = (
    "step",
    "prompt_idx",
    "sample_idx",
    "prompt_tokens",
    "response_tokens",
    "reward",
    "advantage",
)
USED += ("finish_reason", "logprobs", "ground_truth")
NOTE = "token ids without text"


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a folder of rollouts."""
    for path in sorted(folder.glob("*_rollouts_*.jsonl")):
        match = FILE.fullmatch(path.name)
        if match and (folder / f"{match[1]}_metadata.jsonl").is_file():
            yield SampleSource(path, "rollouts", _rows, grows=True, note=NOTE)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in json_lines(path, start):
        prompt, response = record.get("prompt_tokens") or [], record.get("response_tokens") or []
        named = {
            "id": str(record.get("sample_idx")),
            "group": str(record.get("prompt_idx")),
            "token_ids": [*prompt, *response] or None,
            "mask": [0] * len(prompt) + [1] * len(response),
            "logprobs": record.get("logprobs"),
            "reward": record.get("reward"),
            "advantage": record.get("advantage"),
            "target": record.get("ground_truth"),
            "truncated": record.get("finish_reason") == "length",
        }
        keys = tuple(key for key in USED if key != "finish_reason")
        step = record.get("step")
        yield SampleRow(sample(record, named, keys), step if isinstance(step, int) else None, end=end)
