"""Parquet file of a run's records, written by pyarrow with one batch of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from runicorn.store.journal.records import metric_records, number

ROWS = 50_000
"""Rows of a row group."""
WHOLE = 2**63


def write(library: Any, path: Path, run_dir: Path, names: Sequence[str]) -> None:
    """Write the file.

    Args:
        library: the module `pyarrow`, with `pyarrow.parquet`.
        names: the columns of the records.

    Raises:
        OSError: the journal cannot be read, or the file cannot be written.
    """
    kinds = _kinds(run_dir)
    types = {int: library.int64(), float: library.float64(), bool: library.bool_(), str: library.string()}
    schema = library.schema([(name, types[kinds.get(name, float)]) for name in names])
    with library.parquet.ParquetWriter(str(path), schema) as writer:
        rows = metric_records(run_dir)
        while batch := list(islice(rows, ROWS)):
            columns = [list(_column(batch, name, kinds.get(name, float))) for name in names]
            arrays = [
                library.array(column, field.type) for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_batch(library.record_batch(arrays, schema=schema))


def _kinds(run_dir: Path) -> dict[str, type]:
    types: dict[str, type] = {}
    for record in metric_records(run_dir):
        for name, value in record.items():
            if value is not None:
                kind = _kind(value)
                before = types.setdefault(name, kind)
                if before is not kind:
                    types[name] = float if {before, kind} == {int, float} else str
    return types


def _kind(value: Any) -> type:
    if isinstance(value, bool):
        return bool
    if isinstance(value, int):
        return int if -WHOLE <= value < WHOLE else float
    return float if isinstance(value, float) else str


def _column(batch: Sequence[dict[str, Any]], name: str, kind: type) -> Iterator[Any]:
    for record in batch:
        value = record.get(name)
        if value is None:
            yield None
        elif kind is float:
            yield number(value)
        else:
            yield _text(value) if kind is str else value


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode("utf-8", "replace").decode()
