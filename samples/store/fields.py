"""Columns of samples: the values of a row that conditions, sorting and charts can use.

A column is a number, a flag or a short text at the top of a row or one level below (`rewards.format`); of longer values
it has what can be counted: the length of texts, the number of tool calls and tokens, the mean of token streams.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Content:
    """What an index has of a row.

    Attributes:
        columns: names and values; missing and non-finite values are left out.
        long: names of texts that are too long for a column, or of which only the length is one.
        texts: all texts, without the keys of objects.
    """

    columns: list[tuple[str, Value]] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def content_of(row: dict[str, Any]) -> Content:
    """Return columns and texts of a row in one pass."""
    content = Content()
    for key, value in row.items():
        kind = type(value)
        if kind is str and key in LENGTHS:
            content.columns.append((f"{key}_length", float(len(value))))
            content.long.append(key)
            content.texts.append(value)
        elif kind is list:
            content.columns += _of_list(key, value)
            content.texts += texts_of(value)
        elif kind is dict:
            for inner, item in value.items():
                if type(item) in (dict, list):
                    content.texts += texts_of(item)
                else:
                    _add(content, f"{key}.{inner}", item)
        else:
            _add(content, key, value)
    tokens = next((row[key] for key in TOKENS if type(row.get(key)) is list), None)
    if tokens is not None:
        content.columns.append(("token_count", float(len(tokens))))
    return content


def _add(content: Content, name: str, value: Any) -> None:
    kind = type(value)
    if kind is float:
        if math.isfinite(value):
            content.columns.append((name, value))
    elif kind is str:
        content.texts.append(value)
        if len(value) <= LONGEST_TEXT:
            content.columns.append((name, value))
        else:
            content.long.append(name)
    elif kind is bool:
        content.columns.append((name, value))
    elif kind is int and -(2**63) <= value < 2**63:
        content.columns.append((name, float(value)))


def fields_of(row: dict[str, Any]) -> list[tuple[str, Value]]:
    """Return the columns of a row with their values; missing and non-finite values are left out."""
    return content_of(row).columns


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
