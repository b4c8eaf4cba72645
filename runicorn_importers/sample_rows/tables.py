"""Samples in the tables and traces of trackers: completions of TRL, OpenRLHF and verl, traces of Trackio.

A table has samples if its columns say so: `prompt` and `completion`, `messages`, or a text with a reward. Several frameworks log
a table that grows, whole each time; its rows have their own steps, by which the repeated ones are recognized.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, group_of_prompt, numbers, sample

PROMPTS = ("prompt", "prompts", "input", "inputs", "question", "query", "instruction")
COMPLETIONS = ("completion", "completions", "response", "responses", "output", "outputs", "generation")
TEXTS = ("text", "generated_text")
MESSAGES = ("messages", "conversation")
REWARDS = ("reward", "score", "scores", "total_reward")
STEPS = ("step", "global_step")
IDS = ("id", "example_id", "sample_id", "doc_id", "sample_index", "index")
GROUPS = ("group", "group_id", "prompt_id")
TARGETS = ("target", "ground_truth", "gts", "answer", "label")
OPENRLHF = {"global_step", "text", "reward"}
"""Columns of the table to which OpenRLHF adds one sample of each step."""
_WIDE = re.compile(r"(input|output|score)_(\d+)")


def table_samples(
    columns: Sequence[Any], rows: Sequence[Sequence[Any]], step: int, time: float | None
) -> list[SampleRow]:
    """Return the rows of a table as samples; none if it is not a table of samples.

    Args:
        columns: names, in the order of the cells of a row.
        step: of the table, for rows without a step of their own.
    """
    names = [str(column) for column in columns]
    records = [dict(zip(names, row, strict=False)) for row in rows]
    if any(_WIDE.fullmatch(name) for name in names) and "input_1" in names and "output_1" in names:
        return [each for record in records for each in _of_wide(record, step, time)]
    if not _has_samples(names):
        return []
    return [_of_record(record, step, time) for record in records]


def trace_sample(
    messages: Any, metadata: Any, spans: Any, step: int | None, time: float | None
) -> SampleRow | None:
    """Return a trace of Trackio as a sample; None if it has no messages."""
    if not isinstance(messages, list) or not messages:
        return None
    meta = metadata if isinstance(metadata, Mapping) else {}
    parts = {name: value for name, value in meta.items() if name.startswith(("rewards/", "reward/"))}
    named = {
        "id": _text(_first(meta, IDS)),
        "group": _text(_first(meta, GROUPS)),
        "messages": messages,
        "reward": _number(_first(meta, REWARDS)),
        "rewards": numbers({name.partition("/")[2]: value for name, value in parts.items()}),
        "advantage": meta.get("advantage"),
        "target": _first(meta, TARGETS),
        "truncated": meta.get("truncated"),
        "meta": dict(meta) or None,
        "spans": spans or None,
    }
    return SampleRow(sample({}, named), step, time)


def _has_samples(names: Sequence[str]) -> bool:
    own = set(names)
    has_completion, has_reward = bool(own.intersection(COMPLETIONS)), bool(own.intersection(REWARDS))
    return bool(
        own.intersection(MESSAGES)
        or (has_completion and (own.intersection(PROMPTS) or has_reward))
        or (own.intersection(TEXTS) and has_reward)
    )


def _of_record(record: dict[str, Any], step: int, time: float | None) -> SampleRow:
    field_names = [
        name
        for names in (PROMPTS, COMPLETIONS, MESSAGES, REWARDS, STEPS, IDS, GROUPS, TARGETS)
        if (name := _name(record, names)) is not None
    ]
    completion = _first(record, COMPLETIONS)
    if completion is None and (name := _name(record, TEXTS)) is not None:
        completion = record[name]  # prompt and response in one
        field_names.append(name)
    others = {
        name: value for name, value in record.items() if name not in field_names and name != "advantage"
    }
    rewards = numbers({name: value for name, value in others.items() if "reward" in name or "score" in name})
    reward = _number(_first(record, REWARDS))
    if reward is None and rewards:
        # TRL has a column for each reward function; weights are not in the table.
        reward = sum(value for value in rewards.values() if value == value)
    messages = _first(record, MESSAGES)
    prompt, group = _first(record, PROMPTS), _text(_first(record, GROUPS))
    named = {
        "id": _text(_first(record, IDS)),
        **(group_of_prompt(prompt) if group is None else {"group": group}),
        "prompt": prompt,
        "completion": completion,
        "messages": messages,
        "reward": reward,
        "rewards": rewards,
        "advantage": record.get("advantage"),
        "target": _first(record, TARGETS),
        "selected_by": "OpenRLHF" if record.keys() == OPENRLHF else None,
    }
    own = _own_step(record)
    data = sample(record, named, (*field_names, "advantage", *(rewards or ())))
    return SampleRow(data, step if own is None else own, time, end=-1 if own is None else 0)


def _of_wide(record: dict[str, Any], step: int, time: float | None) -> Iterator[SampleRow]:
    """Yield the samples of a row of verl: `step, input_1, output_1, score_1, input_2, …`."""
    own = _own_step(record)
    slots = sorted({int(match[2]) for name in record if (match := _WIDE.fullmatch(name))})
    for slot in slots:
        if record.get(f"output_{slot}") is None:
            continue
        named = {
            "id": str(slot),  # verl chooses the same prompts, in the same order, at each validation
            "prompt": record.get(f"input_{slot}"),
            "completion": record[f"output_{slot}"],
            "reward": _number(record.get(f"score_{slot}")),
            "selected_by": "verl",
        }
        yield SampleRow(sample({}, named), step if own is None else own, time, end=-1 if own is None else 0)


def unrepeated(rows: Sequence[SampleRow], before: Sequence[SampleRow]) -> Sequence[SampleRow]:
    """Return the rows of a table without those of its previous state that it repeats.

    Only rows with their own steps (`end` is not -1) can be recognized: without, two steps may have equal samples.
    """
    repeated = before and len(rows) >= len(before) and all(row.end >= 0 for row in rows)
    if repeated and all(
        (row.step, row.data) == (old.step, old.data) for row, old in zip(rows, before, strict=False)
    ):
        return rows[len(before) :]
    return rows


def _name(record: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if record.get(name) is not None), None)


def _first(record: Mapping[str, Any], names: Sequence[str]) -> Any:
    name = _name(record, names)
    return None if name is None else record[name]


def _own_step(record: Mapping[str, Any]) -> int | None:
    value = _first(record, STEPS)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
