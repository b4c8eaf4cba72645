"""Rollouts of prime-rl: three layouts of its run folder.

Format: https://github.com/PrimeIntellect-ai/prime-rl. The newest has `monitors/file/traces/stream/<n>.jsonl`, compressed to
`.jsonl.zst` when a chunk is complete; the one before `rollouts/step_<n>/{train,eval}/{all,effective}/traces.jsonl`; the first
`rollouts/step_<n>/*.jsonl` with rows of verifiers' results. The step is that at which an episode was dispatched.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn.store.samples.names import ANNOTATIONS
from runicorn_importers.sample_rows.row import SampleRow, numbers, sample
from runicorn_importers.samples.source import SampleRows, SampleSource, json_lines
from runicorn_importers.samples.verifiers import episodes, traces

STREAM = "monitors/file/traces/stream"
LATER = "monitors/file/traces/annotations"
SINGLE = f"{STREAM}.jsonl"
"""The stream of early versions of the newest layout, which is not cut into chunks."""
BRANCH_FIELDS = {
    "advantages": "advantage",
    "trainer_logprobs": "trainer_logprobs",
    "entropies": "entropy",
    "is_masked": "is_masked",
    "mismatch_kl": "mismatch_kl",
}
"""Values of the tokens of a branch that come after its trace, by our keys."""
STEP = re.compile(r"step_(\d+)")
EXPORT_FIELDS: tuple[str, ...] = (
    "step",
    "token_ids",
    "loss_mask",
    "advantages",
    "inference_logprobs",
    "trainer_logprobs",
)
EXPORT_FIELDS += ("entropy", "importance_ratio", "is_masked", "mismatch_kl", "env_name")


def sources(folder: Path) -> Iterator[SampleSource]:
    """Yield the files of a run folder of prime-rl."""
    if (folder / SINGLE).is_file():
        yield SampleSource(folder / SINGLE, "rollouts", episodes, grows=True)
    yield from _streams(folder / STREAM, "*", "rollouts", episodes, _sealed)
    yield from _streams(folder / LATER, "*/*", f"rollouts{ANNOTATIONS}", _annotations, _sealed_annotations)
    for path in sorted((folder / "rollouts").glob("step_*/*/all/traces.jsonl")):
        yield SampleSource(path, path.parts[-3], _of_step, grows=True)
    for path in sorted((folder / "rollouts").glob("step_*/*.jsonl")):
        yield SampleSource(path, "rollouts", _rows, grows=True)
    for path in sorted(folder.glob("token_exports/step_*/rank_*.jsonl")):
        if (path.parent / "STABLE").exists():
            yield SampleSource(path, "tokens", _exported, note="tokens without text, as they were trained")


def _streams(
    folder: Path, names: str, name: str, rows: SampleRows, sealed_rows: SampleRows
) -> Iterator[SampleSource]:
    """Yield the files of a stream: those that grow, and those that were compressed at their end."""
    for path in sorted(folder.glob(f"{names}.jsonl*")):
        if path.suffix == ".jsonl":
            yield SampleSource(path, name, rows, grows=True)
        elif path.name.endswith(".jsonl.zst"):
            yield SampleSource(path, name, sealed_rows)


def _sealed(path: Path, start: int) -> Iterator[SampleRow]:
    for episode, end in _sealed_lines(path, start):
        yield from traces(episode, end)


def _annotations(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in json_lines(path, start):
        yield from _annotation(record, end)


def _sealed_annotations(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in _sealed_lines(path, start):
        yield from _annotation(record, end)


def _annotation(record: dict[str, Any], end: int) -> Iterator[SampleRow]:
    """Yield what became known of a trace: the values of its last branch, and of others in `branches`."""
    if record.get("trace_id") is None:
        return
    branches = [
        {
            "branch": branch.get("index", number),
            **{name: branch[key] for key, name in BRANCH_FIELDS.items() if branch.get(key) is not None},
        }
        for number, branch in enumerate(record.get("branches") or ())
        if isinstance(branch, dict)
    ]
    info = record.get("info")
    named = {
        "id": str(record["trace_id"]),
        "advantage": info.get("advantage") if isinstance(info, dict) else None,
        **(branches[-1] if branches else {}),
        "branches": branches[:-1] or None,
    }
    # Without step: that of its sample is the step of the dispatch, which is another one.
    yield SampleRow(sample(record, named, ("trace_id", "branches")), end=end)


def _sealed_lines(path: Path, start: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Read a compressed chunk; positions are those of the uncompressed one, so that sealing repeats nothing."""
    import pyarrow as pa

    offset = 0
    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
        for line in io.BufferedReader(stream, 1 << 20):
            offset += len(line)
            if offset <= start or not line.endswith(b"\n"):
                continue
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value, offset


def _of_step(path: Path, start: int) -> Iterator[SampleRow]:
    step = _step_of(path)
    for row in episodes(path, start):
        yield row if row.step is not None else row._replace(step=step)


def _rows(path: Path, start: int) -> Iterator[SampleRow]:
    for record, end in json_lines(path, start):
        named = {
            "id": None if record.get("example_id") is None else str(record["example_id"]),
            "group": None if record.get("example_id") is None else str(record["example_id"]),
            "prompt": record.get("prompt"),
            "completion": record.get("completion"),
            "reward": record.get("reward"),
            "rewards": numbers(record.get("metrics")),
            "advantage": record.get("advantage"),
            "target": record.get("answer"),
            "truncated": record.get("is_truncated"),
        }
        keys = (
            "example_id",
            "prompt",
            "completion",
            "reward",
            "metrics",
            "advantage",
            "answer",
            "is_truncated",
        )
        yield SampleRow(sample(record, named, keys), _step_of(path), end=end)


def _exported(path: Path, start: int) -> Iterator[SampleRow]:
    for number, (record, _) in enumerate(json_lines(path)):
        if number < start:
            continue
        named: dict[str, Any] = {
            "id": f"{record.get('rank')}/{record.get('export_sequence_idx', number)}",
            "token_ids": record.get("token_ids"),
            "mask": record.get("loss_mask"),
            "advantage": record.get("advantages"),
            "logprobs": record.get("inference_logprobs"),
            "train_logprobs": record.get("trainer_logprobs"),
            "entropy": record.get("entropy"),
            "importance_ratio": record.get("importance_ratio"),
            "mismatch_kl": record.get("mismatch_kl"),
            "is_masked": record.get("is_masked"),
            "tags": [str(record["env_name"])] if record.get("env_name") else None,
        }
        step = record.get("step")
        yield SampleRow(
            sample(record, named, EXPORT_FIELDS),
            step if isinstance(step, int) else _step_of(path),
            end=number + 1,
        )


def _step_of(path: Path) -> int | None:
    steps = [int(match[1]) for part in path.parts if (match := STEP.fullmatch(part))]
    return steps[-1] if steps else None
