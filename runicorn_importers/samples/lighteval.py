"""Details of lighteval: `details/<model>/<date>/details_<task>_<date>.parquet`.

Format: https://github.com/huggingface/lighteval (`--save-details`). Three struct columns: `doc`, `metric`, `model_response`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, parquet_rows

FILE = re.compile(r"details_(.+)_(\d{4}-\d\d-\d\dT[\d.:-]+)\.parquet")
DETAILS = "details"
DEPTHS = ("*/*", "*/*/*")
"""Folders of a model and a date; the name of a model may have an organization."""
COLUMNS = ("doc", "metric", "model_response")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of an output folder, of its `details`, or of a dated folder in these."""
    top = folder if folder.name == DETAILS else folder / DETAILS
    places = [path for depth in DEPTHS for path in top.glob(f"{depth}/details_*.parquet")]
    for path in sorted([*places, *folder.glob("details_*.parquet")]):
        if match := FILE.fullmatch(path.name):
            yield SampleSource(path, match[1].replace("|", " ").strip(), _rows)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for number, record in enumerate(parquet_rows(path)):
        if number < start:
            continue
        doc, metric, response = (record.get(column) or {} for column in COLUMNS)
        texts = response.get("text") or []
        metrics = numbers(metric)
        named = {
            "id": None if doc.get("id") is None else str(doc["id"]),
            "prompt": response.get("input") or doc.get("query"),
            "completion": texts[0] if len(texts) == 1 else texts or None,
            "target": _gold(doc),
            "rewards": metrics,
            "reward": next(iter(metrics.values()), None) if metrics else None,
            "truncated": bool(response.get("truncated_tokens_count")),
            "token_ids": _tokens(response),
        }
        yield SampleRow(sample(record, named), end=number + 1)


def _gold(doc: dict[str, Any]) -> Any:
    choices, gold = doc.get("choices") or [], doc.get("gold_index")
    indexes = gold if isinstance(gold, list) else [gold]
    answers = [choices[index] for index in indexes if isinstance(index, int) and 0 <= index < len(choices)]
    return answers[0] if len(answers) == 1 else answers or None


def _tokens(response: dict[str, Any]) -> list[Any] | None:
    outputs = response.get("output_tokens") or []
    if len(outputs) != 1:
        return None
    return [*(response.get("input_tokens") or ()), *outputs[0]]
