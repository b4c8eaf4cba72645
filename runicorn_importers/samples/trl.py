"""Completions of TRL's GRPO trainer: `completions/completions_<step>.parquet` in the output folder.

Format: https://github.com/huggingface/trl (`log_completions`). A column for each reward function; no total, no ids. With
`logging_steps` above one only the last batch is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from runicorn_importers.sample_rows.row import SampleRow, group_of_prompt, numbers, sample
from runicorn_importers.samples.source import SampleSource, parquet_rows

FILE = re.compile(r"completions_(\d{5,})\.parquet")
FIXED = ("step", "prompt", "completion", "advantage")
NOTE = "the last generation batch of each logging step"


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of an output folder of TRL, or of its folder `completions`."""
    inner = folder / "completions"
    for path in sorted((inner if inner.is_dir() else folder).glob("completions_*.parquet")):
        if FILE.fullmatch(path.name):
            yield SampleSource(path, "completions", _rows, note=NOTE)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    match = FILE.fullmatch(path.name)
    for number, record in enumerate(parquet_rows(path)):
        if number < start:
            continue
        rewards = numbers({key: value for key, value in record.items() if key not in FIXED})
        named = {
            "prompt": record.get("prompt"),
            "completion": record.get("completion"),
            "rewards": rewards,
            # Weights are not in the file: the sum is the total of TRL's default weights.
            "reward": sum(value for value in rewards.values() if value == value) if rewards else None,
            "advantage": record.get("advantage"),
            **group_of_prompt(record.get("prompt")),
            "selected_by": "TRL",
        }
        step = record.get("step", int(match[1]) if match else None)
        yield SampleRow(sample(record, named, (*FIXED, *(rewards or ()))), step, end=number + 1)
