"""Rollouts of miles (`--dump-details`): `trajectory/<n>.jsonl` and `dashboard_columns/rollout_<n>.parquet`.

Format: https://github.com/radixark/miles. `rollout_data/*.pt` are pickles, which run code when they are loaded: they are read only by
`runicorn convert` in the user's environment, which writes `<n>.samples.jsonl` beside them, as it does for slime.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, sample
from runicorn_importers.samples.source import SampleSource, json_lines, parquet_rows

NUMBER = re.compile(r"(?:rollout_)?(eval_)?(\d+)")
CONVERTED = ".samples.jsonl"
USED: tuple[str, ...] = (
    "sample_index",
    "group_index",
    "reward",
    "prompt",
    "messages",
    "tokens",
    "loss_mask",
    "rollout_log_probs",
)
USED += ("response", "label", "index")
STREAMS = {
    "advantages": "advantage",
    "entropies": "entropy",
    **{
        key: key
        for key in (
            *("train_logprobs", "ref_logprobs", "ref_entropy", "returns"),
            *("teacher_log_probs", "opd_reverse_kl"),
        )
    },
}
"""Lists for the response that the trainer computed, by the names that they get; they are converted."""


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a folder of details: converted ones, else those that miles itself wrote beside the pickles."""
    converted = sorted((folder / "rollout_data").glob(f"*{CONVERTED}"))
    for path in converted:
        yield SampleSource(path, _split(path), _rows)
    if not converted and (folder / "rollout_data").is_dir():
        for path in sorted((folder / "trajectory").glob("*.jsonl")):
            yield SampleSource(path, _split(path), _rows)


def _split(path: Path) -> str:
    return "eval" if path.name.startswith("eval_") else "train"


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    match = NUMBER.match(path.name)
    step = int(match[2]) if match else None
    tokens = _columns(path)
    for number, (record, _) in enumerate(json_lines(path)):
        if number < start:
            continue
        record = {**record, **tokens.get(record.get("sample_index"), {})}
        ids, mask, logprobs = (record.get(key) for key in ("tokens", "loss_mask", "rollout_log_probs"))
        reward = record.get("reward")
        prompt = record.get("prompt")
        named = {
            "id": _text(record.get("sample_index", record.get("index"))),
            "group": _text(record.get("group_index")),
            "messages": record.get("messages") or (prompt if isinstance(prompt, list) else None),
            "prompt": prompt if isinstance(prompt, str) else None,
            "completion": record.get("response"),
            "reward": reward if isinstance(reward, int | float) else None,
            "rewards": reward if isinstance(reward, dict) else None,
            "target": record.get("label"),
            "truncated": record.get("status") == "truncated",
            "token_ids": ids,
            "mask": _aligned(mask, ids, 0),
            "logprobs": _aligned(logprobs, ids, None),
        }
        streams = {key: values for key in STREAMS if (values := _aligned(record.get(key), ids, None))}
        named |= {STREAMS[key]: values for key, values in streams.items()}
        yield SampleRow(sample(record, named, (*USED, *streams)), step, end=number + 1)


def _columns(path: Path) -> dict[Any, dict[str, Any]]:
    """Return the tokens of a rollout by sample, if they were written beside its trajectories."""
    side = path.parent.parent / "dashboard_columns" / f"rollout_{path.stem}.parquet"
    if path.name.endswith(CONVERTED) or not side.is_file():
        return {}
    return {row.get("sample_index"): row for row in parquet_rows(side)}


def _aligned(values: Any, ids: Any, before: Any) -> list[Any] | None:
    """Return values of the response as values of all tokens."""
    if not isinstance(values, list) or not isinstance(ids, list) or len(values) > len(ids):
        return None
    return [before] * (len(ids) - len(values)) + values


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
