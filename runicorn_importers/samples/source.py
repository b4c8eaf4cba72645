"""Common form of the sample files of a framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn_importers.sample_rows.row import SampleRow

SampleRows = Callable[[Path, int], Iterator[SampleRow]]
"""Yields the samples of a file from a position on; reads no further than the last complete record."""


@dataclass(frozen=True)
class SampleSource:
    """One file of samples.

    Attributes:
        path: the file.
        name: the sample set that its samples belong to: `train`, `val`, or the name of a task.
        rows: yields its samples.
        grows: whether the framework only appends to it; else all of it is read again when it changes.
        note: what is special of its samples, for people: "the best and the worst of each group".
    """

    path: Path
    name: str
    rows: SampleRows
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
