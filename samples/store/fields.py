"""Columns of samples: the values of a row that conditions, sorting and charts can use.

A column is a number, a flag or a short text at the top of a row or one level below (`rewards.format`); of longer values
it has what can be counted: the length of texts, the number of tool calls and tokens, the mean of token streams.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

MOST_COLUMNS = 200
LONGEST_TEXT = 200
"""Characters of a text that is a column; longer ones are only searched."""
STREAMS = frozenset(
    {
        *("advantage", "advantages", "entropy", "entropies", "logprobs", "importance_ratio", "mismatch_kl"),
        *("trainer_logprobs", "inference_logprobs", "log_importance_ratio", "loss_mask", "is_masked", "mask"),
    }
)
"""Keys whose lists have one element for each token; their column is the mean."""
COUNTED = frozenset({"tool_calls", "errors", "turns", "events"})
LENGTHS = frozenset({"prompt", "completion", "response", "output"})
TOKENS = ("token_ids", "tokens")

Value = float | bool | str


def fields_of(row: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield the columns of a row with their values; missing and non-finite values are left out."""
    for key, value in row.items():
        kind = type(value)
        if kind is float:
            if math.isfinite(value):
                yield key, value
        elif kind is int:
            if -(2**63) <= value < 2**63:
                yield key, float(value)
        elif kind is bool:
            yield key, value
        elif kind is str:
            if key in LENGTHS:
                yield f"{key}_length", float(len(value))
            elif len(value) <= LONGEST_TEXT:
                yield key, value
        elif kind is list:
            yield from _of_list(key, value)
        elif kind is dict:
            for inner, item in value.items():
                kind = type(item)
                if kind is float:  # most of them: rewards by name
                    if math.isfinite(item):
                        yield f"{key}.{inner}", item
                elif kind in (int, bool, str):
                    yield from fields_of({f"{key}.{inner}": item})
    tokens = next((row[key] for key in TOKENS if type(row.get(key)) is list), None)
    if tokens is not None:
        yield "token_count", float(len(tokens))


def long_texts_of(row: dict[str, Any]) -> Iterator[str]:
    """Yield the names of texts that are too long for a column, or of which only the length is one."""
    for key, value in row.items():
        if type(value) is str:
            if key in LENGTHS or len(value) > LONGEST_TEXT:
                yield key
        elif type(value) is dict:
            for inner, item in value.items():
                if type(item) is str and len(item) > LONGEST_TEXT:
                    yield f"{key}.{inner}"


def _of_list(key: str, value: list[Any]) -> Iterator[tuple[str, Value]]:
    if key in STREAMS:
        numbers = [item for item in value if type(item) in (float, int, bool) and math.isfinite(item)]
        if numbers:
            yield key, math.fsum(numbers) / len(numbers)
    elif key in COUNTED:
        yield key, float(len(value))
    elif key == "tags":
        yield key, ", ".join(map(str, value))[:LONGEST_TEXT]
    elif key == "messages":
        yield "turns", float(len(value))
        calls = [message.get("tool_calls") for message in value if type(message) is dict]
        yield "messages.tool_calls", float(sum(len(call) for call in calls if type(call) is list))
        if value and type(value[-1]) is dict:
            yield "completion_length", float(sum(map(len, texts_of(value[-1].get("content")))))
    elif key in LENGTHS:
        yield f"{key}_length", float(sum(len(text) for text in texts_of(value)))


def texts_of(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts in a value, without the keys of its objects."""
    kind = type(value)
    if kind is str:
        yield value
    elif kind is list:
        # A list of token ids or log probabilities has no text: no loop over it.
        if depth < 100 and value and (type(value[0]) not in (int, float) or type(value[-1]) is str):
            for item in value:
                yield from texts_of(item, depth + 1)
    elif kind is dict and depth < 100:
        for item in value.values():
            yield from texts_of(item, depth + 1)
