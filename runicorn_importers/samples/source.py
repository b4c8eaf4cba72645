"""Common form of the sample files of a framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import regular_file

KEYS = frozenset(
    {
        *(
            "id",
            "group",
            "prompt",
            "completion",
            "messages",
            "reward",
            "rewards",
            "advantage",
            "target",
            "correct",
        ),
        *("tokens", "token_ids", "logprobs", "entropy", "truncated", "tool_calls", "tags", "meta"),
    }
)
"""Keys that the viewer knows (contract of `run.log_samples`)."""
REST = "record"
"""Key of the fields of a record that have no key of ours, verbatim."""
Record = Mapping[str, Any]


class SampleRow(NamedTuple):
    """One sample.

    Attributes:
        data: as for `run.log_samples`.
        step: training step; None where the framework has none.
        time: Unix seconds; None if not recorded.
        end: position in the source after it: a byte offset in a file that grows, else the number of the row.
    """

    data: dict[str, Any]
    step: int | None = None
    time: float | None = None
    end: int = 0


@dataclass(frozen=True)
class SampleSource:
    """One file of samples.

    Attributes:
        path: the file.
        name: the sample set that its samples belong to: `train`, `val`, or the name of a task.
        rows: yields its samples from a position on; reads no further than the last complete record.
        grows: whether the framework only appends to it; else all of it is read again when it changes.
        note: what is special of its samples, for people: "the best and the worst of each group".
    """

    path: Path
    name: str
    rows: Callable[[Path, int], Iterator[SampleRow]]
    grows: bool = False
    note: str = ""


def json_lines(path: Path, offset: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the objects of complete lines with the offsets of their ends.

    NaN and infinities are accepted; lines that are no object are skipped, as the frameworks' own loaders do.
    """
    with regular_file.open_binary(path) as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value, offset


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file; none while its footer is not written.

    Raises:
        ImportError: pyarrow is not installed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid:
        return
    with file:
        for batch in file.iter_batches(batch_size=64):
            yield from batch.to_pylist()


def sample(record: Record, named: Mapping[str, Any], used: Sequence[str] = ()) -> dict[str, Any]:
    """Return a sample: the named values that are present, and the rest of the record verbatim.

    Args:
        named: values by our keys; None for absent ones.
        used: fields of the record that the named values contain.
    """
    rest = {key: value for key, value in record.items() if key not in used}
    data = {key: value for key, value in named.items() if value is not None}
    return {**data, REST: rest} if rest else data


def numbers(values: Any) -> dict[str, float] | None:
    """Return the numbers of a mapping; None if it has no numbers."""
    if not isinstance(values, Mapping):
        return None
    found = {
        str(key): float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return found or None
