"""Episodes of verifiers: `traces.jsonl` of its version 1, `results.jsonl` with `metadata.json` before.

Format: https://github.com/PrimeIntellect-ai/verifiers (`vf.Episode`). A trace is a graph of messages, each with the tokens that it
adds; `logprobs` and `advantages` have a value for each token that was sampled (`mask`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleSource, json_lines

TRACES, RESULTS, METADATA = "traces.jsonl", "results.jsonl", "metadata.json"
TRUNCATIONS = frozenset(
    {"max_turns", "max_input_tokens", "max_output_tokens", "max_total_tokens", "context_length"}
)
RESULT_FIELDS = ("example_id", "prompt", "completion", "reward", "metrics", "answer", "is_truncated")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the file of an output folder, or those of the folders in it."""
    for path in sorted([folder / TRACES, *folder.glob(f"*/{TRACES}")]):
        if path.is_file() and (path.parent / "configs").is_dir():
            yield SampleSource(path, "rollouts", episodes, grows=True)
    for path in sorted([folder / RESULTS, *folder.glob(f"*/{RESULTS}")]):
        if _metadata(path).keys() >= {"env_id", "rollouts_per_example"}:
            yield SampleSource(path, "rollouts", _results, grows=True)


def _metadata(path: Path) -> dict[str, Any]:
    try:
        value = json.loads((path.parent / METADATA).read_bytes()) if path.is_file() else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def episodes(path: Path, start: int) -> Iterator[SampleRow]:
    """Yield a sample for each trace of the episodes of a file."""
    for episode, end in json_lines(path, start):
        yield from traces(episode, end)


def traces(episode: dict[str, Any], end: int) -> Iterator[SampleRow]:
    """Yield a sample for each trace of an episode; only the last one ends at `end`, so that none is left out."""
    valid = [trace for trace in episode.get("traces") or () if isinstance(trace, dict)]
    about = {key: value for key, value in episode.items() if key != "traces"}
    for number, trace in enumerate(valid):
        is_last = number == len(valid) - 1
        yield SampleRow(_sample(about, trace), _step(episode, trace), _time(trace), end if is_last else -1)


def _sample(about: dict[str, Any], trace: dict[str, Any]) -> dict[str, Any]:
    nodes = [node for node in trace.get("nodes") or () if isinstance(node, dict)]
    path = _last_branch(nodes)
    scores = {name: score for name, score in (trace.get("rewards") or {}).items() if isinstance(score, dict)}
    info = trace.get("info") or {}
    masks = [bool(value) for node in path for value in node.get("mask") or ()]
    task = trace.get("task") or about.get("task") or {}
    group = (about.get("group") or {}).get("id")
    seat = (trace.get("agent") or {}).get("name")
    named = {
        "id": str(trace.get("id") or about.get("id")),
        "group": None if group is None else str(group),
        "messages": [node["message"] for node in path if isinstance(node.get("message"), dict)] or None,
        "reward": sum(_product(score) for score in scores.values()) if scores else None,
        "rewards": numbers({name: score.get("score") for name, score in scores.items()}),
        "advantage": info.get("advantage")
        if info.get("advantage") is not None
        else _spread(path, "advantages", masks),
        "token_ids": [token for node in path for token in node.get("token_ids") or ()] or None,
        "mask": masks or None,
        "logprobs": _spread(path, "logprobs", masks),
        "train_logprobs": _spread(path, "trainer_logprobs", masks),
        "entropy": _spread(path, "entropies", masks),
        "target": (task.get("data") or {}).get("answer") if isinstance(task.get("data"), dict) else None,
        "truncated": trace.get("stop_condition") in TRUNCATIONS or _was_cut(trace),
        "tags": [text for text in ((about.get("env") or {}).get("id"), seat) if isinstance(text, str)]
        or None,
    }
    # The messages and tokens of the shown branch are above; others stay in the record.
    is_linear = len(path) == len(nodes)
    rest = {key: value for key, value in trace.items() if not (key == "nodes" and is_linear)}
    return sample({**rest, "episode": about}, named, ("rewards", "id"))


def _last_branch(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages from the root to the last one."""
    path: list[dict[str, Any]] = []
    index: Any = len(nodes) - 1
    while isinstance(index, int) and 0 <= index < len(nodes) and len(path) < len(nodes):
        path.append(nodes[index])
        index = nodes[index].get("parent")
    return path[::-1]


def _spread(path: list[dict[str, Any]], key: str, masks: list[bool]) -> list[float | None] | None:
    """Return values that exist for sampled tokens as one for each token, None for others."""
    compact = [value for node in path for value in node.get(key) or ()]
    if not compact or len(compact) != sum(masks):
        return None
    remaining = iter(compact)
    return [next(remaining) if is_sampled else None for is_sampled in masks]


def _product(score: dict[str, Any]) -> float:
    value, weight = score.get("score"), score.get("weight", 1.0)
    return (
        float(value) * float(weight)
        if isinstance(value, int | float) and isinstance(weight, int | float)
        else 0.0
    )


def _was_cut(trace: dict[str, Any]) -> bool:
    calls = [call for call in trace.get("calls") or () if isinstance(call, dict) and not call.get("error")]
    return bool(calls) and calls[-1].get("finish_reason") == "length"


def _step(episode: dict[str, Any], trace: dict[str, Any]) -> int | None:
    for source in (
        (trace.get("info") or {}).get("step"),
        ((episode.get("run") or {}).get("work") or {}).get("step"),
    ):
        if isinstance(source, int):
            return source
    return None


def _time(trace: dict[str, Any]) -> float | None:
    arrival = ((trace.get("info") or {}).get("arrival") or {}).get("time")
    start = (trace.get("timing") or {}).get("start")
    return next((float(value) for value in (arrival, start) if isinstance(value, int | float)), None)


def _results(path: Path, start: int) -> Iterator[SampleRow]:
    environment = str(_metadata(path).get("env_id", ""))
    for record, end in json_lines(path, start):
        if "example_id" not in record:
            continue
        prompt, completion = record.get("prompt"), record.get("completion")
        is_chat = isinstance(prompt, list) and isinstance(completion, list)
        named = {
            "id": str(record["example_id"]),
            "group": str(record["example_id"]),
            "messages": [*prompt, *completion] if is_chat else None,  # type: ignore[misc]
            "prompt": None if is_chat else prompt,
            "completion": None if is_chat else completion,
            "reward": record.get("reward"),
            "rewards": numbers(record.get("metrics")),
            "target": record.get("answer"),
            "truncated": record.get("is_truncated"),
            "tags": [environment] if environment else None,
        }
        yield SampleRow(sample(record, named, RESULT_FIELDS), end=end)
