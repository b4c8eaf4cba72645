"""Samples of the lm-evaluation-harness: `samples_<task>_<date>.jsonl` beside `results_<date>.json`.

Format: https://github.com/EleutherAI/lm-evaluation-harness (`--log_samples`). A row is a document and a filter; each metric is a
key of the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines

FILE = re.compile(r"samples_(.+)_(\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl")
CORRECT = ("exact_match", "acc", "acc_norm")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of an output folder, or of the folders of its models."""
    for path in sorted([*folder.glob("samples_*.jsonl"), *folder.glob("*/samples_*.jsonl")]):
        match = FILE.fullmatch(path.name)
        if match and (path.parent / f"results_{match[2]}.json").is_file():
            yield SampleSource(path, match[1], _rows)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for number, (record, _) in enumerate(json_lines(path)):
        if number < start:
            continue
        names = [name for name in record.get("metrics") or () if isinstance(name, str)]
        metrics = numbers({name: record.get(name) for name in names}) or {}
        correct = next((bool(metrics[name]) for name in CORRECT if metrics.get(name) in (0, 1)), None)
        named = {
            "id": f"{record.get('doc_id')}",
            "prompt": _argument(record.get("arguments"), "arg_0"),
            "completion": _first(record.get("filtered_resps")),
            "target": record.get("target"),
            "rewards": metrics or None,
            "reward": next(iter(metrics.values()), None),
            "correct": correct,
            "tags": [str(record["filter"])] if record.get("filter") else None,
        }
        yield SampleRow(sample(record, named, ("target", "filtered_resps")), end=number + 1)


def _argument(arguments: Any, key: str) -> Any:
    first = next(iter(arguments.values()), None) if isinstance(arguments, dict) else None
    return first.get(key) if isinstance(first, dict) else None


def _first(values: Any) -> Any:
    while isinstance(values, list) and len(values) == 1:
        values = values[0]
    return values
