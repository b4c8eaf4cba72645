"""Tokens of a sample with their streams of values, in windows, and the course of a stream over all of them.

Streams are lists of numbers with as many elements as there are tokens, or with as many as the last of them: those of the
response. null stays unknown. Recorded tokens are shown as they are; nothing is tokenised again.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

from runicorn.json_value import JsonObject

WINDOW = 1000
POINTS = 300
KEYS = ("token_ids", "tokens")
MASKS = ("loss_mask", "mask", "is_masked")
TRAINER = ("trainer_logprobs", "train_logprobs", "log_probs")
ROLLOUT = ("inference_logprobs", "rollout_log_probs", "logprobs")
FIRST = ("logprobs", "entropy", "advantage", "importance_ratio", "difference", *MASKS)


def tokens(row: JsonObject, start: int, size: int, stream: str) -> TokenWindow:
    """Return the tokens of a window with the values of all streams, and the course of one stream.

    Args:
        start: first token.
        size: number of tokens.
        stream: whose course is returned; the first if there is no such stream.
    """
    texts, ids = _texts(row), row.get("token_ids")
    count = max(len(texts or ()), len(ids) if isinstance(ids, list) else 0)
    streams = _streams(row, count)
    end = min(count, start + size)
    chosen = stream if stream in streams else next(iter(streams), "")
    return {
        "count": count,
        "start": start,
        "texts": None if texts is None else [_label(text) for text in texts[start:end]],
        "ids": ids[start:end] if isinstance(ids, list) else None,
        "streams": {name: values[start:end] for name, values in streams.items()},
        "ranges": {name: _range(values) for name, values in streams.items()},
        "stream": chosen,
        "course": _course(streams[chosen]) if chosen else [],
    }


class TokenWindow(TypedDict):
    """Tokens `start` to `start + len(texts)` of `count`, the values of each stream, and the course of one."""

    count: int
    start: int
    texts: list[str] | None
    ids: list[Any] | None
    streams: dict[str, list[float | None]]
    ranges: dict[str, list[float]]
    stream: str
    course: list[list[float] | None]


def _texts(row: JsonObject) -> list[Any] | None:
    value = row.get("tokens")
    is_text = isinstance(value, list) and any(isinstance(item, str) for item in value[:20])
    return value if is_text and isinstance(value, list) else None


def _label(text: Any) -> str:
    return str(text)[:500]


def _streams(row: JsonObject, count: int) -> dict[str, list[float | None]]:
    streams: dict[str, list[float | None]] = {}
    for name, value in row.items():
        if name in KEYS or not isinstance(value, list) or not 0 < len(value) <= count:
            continue
        # Of a long prompt no value may be known.
        if not any(type(item) in (int, float, bool) for item in value):
            continue
        numbers = [_number(item) for item in value]
        missing: list[float | None] = [None] * (count - len(numbers))
        streams[name] = missing + numbers
    trainer = next((streams[key] for key in TRAINER if key in streams), None)
    rollout = next((streams[key] for key in ROLLOUT if key in streams), None)
    if trainer and rollout:
        differences = [
            None if a is None or b is None else a - b for a, b in zip(trainer, rollout, strict=True)
        ]
        streams["difference"] = differences
        if "importance_ratio" not in streams:
            streams["importance_ratio"] = [
                None if value is None else math.exp(min(value, 50.0)) for value in differences
            ]
    order = {name: n for n, name in enumerate(FIRST)}
    return dict(sorted(streams.items(), key=lambda pair: order.get(pair[0], len(order))))


def _number(value: Any) -> float | None:
    if type(value) not in (int, float, bool) or not math.isfinite(value):
        return None
    return float(value)


def _range(values: list[float | None]) -> list[float]:
    numbers = [value for value in values if value is not None]
    return [min(numbers), max(numbers)] if numbers else [0.0, 0.0]


def _course(values: list[float | None]) -> list[list[float] | None]:
    """Return lowest, mean and highest value of up to `POINTS` equal parts; null where all are unknown."""
    width = max(1, -(-len(values) // POINTS))
    parts: list[list[float] | None] = []
    for start in range(0, len(values), width):
        numbers = [value for value in values[start : start + width] if value is not None]
        parts.append([min(numbers), sum(numbers) / len(numbers), max(numbers)] if numbers else None)
    return parts
