"""Samples of verl: `<step>.jsonl` in `trainer.rollout_data_dir` and `trainer.validation_data_dir`.

Format: https://github.com/verl-project/verl (`_dump_generations`). A row has `input`, `output`, `gts`, `score`, `step`, a key
for each extra of the reward, and `uid` since the v1 trainer. The texts were decoded without special tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from runicorn_importers.sample_rows.row import SampleRow, group_of_prompt, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines

STEP = re.compile(r"\d+\.jsonl")
USED = ("input", "output", "gts", "score", "step", "uid", "acc")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a folder of verl."""
    files = sorted(
        (path for path in folder.glob("*.jsonl") if STEP.fullmatch(path.name)), key=lambda p: int(p.stem)
    )
    if not files or not _is_ours(files[0]):
        return
    name = "val" if "val" in folder.name.lower() else "train"
    for path in files:
        yield SampleSource(path, name, _rows)


def _is_ours(path: Path) -> bool:
    first = next((record for record, _ in json_lines(path)), {})
    return {"input", "output", "score"} <= first.keys()


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for number, (record, _) in enumerate(json_lines(path)):
        if number < start:
            continue
        step = record.get("step")
        uid = record.get("uid")
        extras = {key: value for key, value in record.items() if key not in USED}
        named = {
            "id": None if uid is None else str(uid),
            # `{sample}_{rollout}_{output}`; the classic trainer has only equal prompts.
            **(
                group_of_prompt(record.get("input"))
                if uid is None
                else {"group": str(uid).rpartition("_")[0].rpartition("_")[0] or None}
            ),
            "prompt": record.get("input"),
            "completion": record.get("output"),
            "target": record.get("gts"),
            "reward": record.get("score"),
            "rewards": numbers(extras),
            "correct": bool(record["acc"]) if record.get("acc") in (0, 1, True, False) else None,
        }
        yield SampleRow(
            sample(record, named, USED), step if isinstance(step, int) else int(path.stem), end=number + 1
        )
