"""Tables of a store for SQL, as Arrow: read from its files when a statement names them.

Schema: docs/guides/data.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa

from metrics.store.columns import FLOAT, INT, Values
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.artifacts import responses
from runicorn.artifacts.store import Store
from runicorn.store.samples.lines import Sample
from runicorn.store.samples.names import sample_sets
from runicorn.store.samples.reader import read_samples
from runicorn_site.catalog.base import Query
from runicorn_site.catalog.columns import columns_of_runs
from runicorn_site.catalog.entry import FIGURES, TIMES, RunEntry, json_number, moment, with_times
from runicorn_site.catalog.journal_curves import read_series
from runicorn_site.catalog.store import StoreCatalog
from runs.store.params import flatten

TIME = pa.timestamp("us", "UTC")
_TEXT, _NUMBER, _WHOLE = pa.string(), pa.float64(), pa.int64()
_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "params": {"run_id": _TEXT, "key": _TEXT, "value": _TEXT, "number": _NUMBER},
    "metrics": {
        "run_id": _TEXT,
        "name": _TEXT,
        "last": _NUMBER,
        "best": _NUMBER,
        "min": _NUMBER,
        "max": _NUMBER,
        "count": _WHOLE,
        "last_step": _WHOLE,
        "last_text": _TEXT,
    },
    "points": {
        "run_id": _TEXT,
        "name": _TEXT,
        "step": _WHOLE,
        "time": TIME,
        "value": _NUMBER,
        "text": _TEXT,
    },
    "artifacts": {
        "type": _TEXT,
        "name": _TEXT,
        "version": _WHOLE,
        "run_id": _TEXT,
        "created_at": TIME,
        "size_bytes": _WHOLE,
        "num_files": _WHOLE,
        "status": _TEXT,
        "aliases": pa.list_(_TEXT),
    },
    "samples": {
        "run_id": _TEXT,
        "name": _TEXT,
        "step": _WHOLE,
        "time": TIME,
        "id": _TEXT,
        "group": _TEXT,
        "prompt": _TEXT,
        "completion": _TEXT,
        "reward": _NUMBER,
        "correct": pa.bool_(),
        "data": _TEXT,
    },
}
TABLES = {name: pa.schema(list(columns.items())) for name, columns in _COLUMNS.items()}
"""Columns of the tables but `runs`, whose columns depend on the configs and metrics of the runs."""
BATCH = 1000
FIRST_MOMENT, LAST_MOMENT = -62_135_596_800.0, 253_402_300_800.0
"""Unix seconds of the years 1 and 10000."""
Rows = Iterator[dict[str, Any]]


class Tables:
    """Tables of one store; runs in the recycle bin have no rows."""

    def __init__(self, catalog: StoreCatalog, warn: Callable[[str], None]) -> None:
        self._catalog = catalog
        self._warn = warn
        self._entries: list[RunEntry] | None = None

    def read(self, name: str) -> Any:
        """Return a table or a reader of batches by its name; None if there is no such table."""
        if name == "runs":
            return pa.table(with_times(columns_of_runs(self._runs(), FIGURES), TIMES))
        if name == "points":
            return pa.RecordBatchReader.from_batches(TABLES[name], self._points())
        if name == "samples":
            return pa.RecordBatchReader.from_batches(TABLES[name], self._samples())
        if name not in TABLES:
            return None
        rows = {"params": self._params, "metrics": self._metrics, "artifacts": self._artifacts}[name]
        return pa.Table.from_pylist(list(rows()), schema=TABLES[name])

    def _runs(self) -> list[RunEntry]:
        if self._entries is None:
            self._entries = self._catalog.select(Query(metrics=True))
        return self._entries

    def _params(self) -> Rows:
        for entry in self._runs():
            for key, param in flatten(entry.config).items():
                yield {"run_id": entry.id, "key": key, "value": param.text, "number": _double(param.number)}

    def _metrics(self) -> Rows:
        for entry in self._runs():
            for name, figures in entry.metrics.items():
                values = {field: getattr(figures, field) for field in TABLES["metrics"].names[2:]}
                yield {"run_id": entry.id, "name": name, **values}

    def _points(self) -> Iterator[pa.RecordBatch]:
        """Yield a batch for each run, so that memory holds one."""
        for entry in self._catalog.select(Query()):
            try:
                series = read_series(self._catalog.root / entry.folder, [])
            except OSError as error:
                self._warn(f"{entry.id}: {error.strerror or error}")
                continue
            if series:
                yield _batch_of_points(entry.id, series)

    def _samples(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of samples; `data` is the whole sample as JSON."""
        for entry in self._catalog.select(Query()):
            folder = self._catalog.root / entry.folder
            for name in sample_sets(folder):
                try:
                    samples = iter(read_samples(folder, name))
                    while batch := list(islice(samples, BATCH)):
                        rows = list(_rows_of_samples(entry.id, name, batch))
                        yield pa.RecordBatch.from_pylist(rows, schema=TABLES["samples"])
                except OSError as error:
                    self._warn(f"{entry.id}: {name}: {error.strerror or error}")

    def _artifacts(self) -> Rows:
        store = Store(self._catalog.root)
        for artifact in responses.list_artifacts(store, None, self._warn):
            folder = store.folder(artifact["type"], artifact["name"])
            for version in responses.list_versions(folder, self._warn):
                yield {
                    "type": artifact["type"],
                    "name": artifact["name"],
                    "run_id": version["created_by_run"],
                    "created_at": moment(version["created_at"]),
                    **{
                        key: version[key]
                        for key in ("version", "size_bytes", "num_files", "status", "aliases")
                    },
                }


def _batch_of_points(run_id: str, series: Mapping[str, tuple[Lane, Points]]) -> pa.RecordBatch:
    """Return all points of a run, metric by metric; those of a lane without steps have none."""
    parts = [points for _, points in series.values()]
    counts = [len(points) for points in parts]
    numbers, texts = zip(*(_numbers_and_texts(points.value) for points in parts), strict=True)
    heights = np.concatenate(numbers)
    is_stepless = [lane is not Lane.METRIC for lane, _ in series.values()]
    columns = [
        pa.repeat(run_id, sum(counts)),
        pa.array(np.repeat(np.array(list(series), dtype=object), counts), _TEXT),
        pa.array(np.concatenate([points.step for points in parts]), mask=np.repeat(is_stepless, counts)),
        _moments(np.concatenate([points.time for points in parts])),
        pa.array(heights, mask=~np.isfinite(heights)),
        pa.array(list(chain.from_iterable(texts)), _TEXT),
    ]
    return pa.record_batch(columns, schema=TABLES["points"])


def _rows_of_samples(run_id: str, name: str, samples: Iterable[Sample]) -> Rows:
    for sample in samples:
        data = sample.data
        reward, correct = data.get("reward"), data.get("correct")
        yield {
            "run_id": run_id,
            "name": name,
            "step": sample.step,
            "time": moment(sample.time),
            **{key: _text(data.get(key)) for key in ("id", "group", "prompt", "completion")},
            "reward": _double(reward) if type(reward) in (int, float) else None,
            "correct": correct if isinstance(correct, bool) else None,
            "data": json.dumps(data, ensure_ascii=False, default=str),
        }


def _numbers_and_texts(values: Values) -> tuple[Any, list[str | None]]:
    """Return values as floats, NaN for texts, and the texts: `nan`, `inf`, or what was logged."""
    if values.kind in (FLOAT, INT):
        heights = values.numbers()
        special = np.flatnonzero(~np.isfinite(heights))
        texts: list[str | None] = [None] * len(heights)
        for index in special.tolist():
            texts[index] = str(float(heights[index]))
        return heights, texts
    objects = values.objects()
    numbers = [_double(value) for value in objects]
    return (
        np.array([math.nan if number is None else number for number in numbers]),
        [value if isinstance(value, str) else None for value in objects],
    )


def _moments(times: Any) -> pa.Array:
    """Return Unix seconds as times; null outside of the years 1 to 9999."""
    outside = ~((times > FIRST_MOMENT) & (times < LAST_MOMENT))
    microseconds = np.where(outside, 0, times * 1e6).astype(np.int64)
    return pa.array(microseconds, mask=outside).cast(TIME)


def _text(value: Any) -> str | None:
    return (
        value
        if value is None or isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _double(value: Any) -> float | None:
    """Return a number as Arrow takes it: whole ones beyond 2^53 are rounded."""
    if value is None or isinstance(value, str):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def select(statement: str, tables: Tables) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run a statement of DuckDB on the tables that it names; return the names of its columns and its rows.

    Repeated names are numbered as in DuckDB's data frames: `a`, `a_1`.

    Raises:
        ImportError: DuckDB is not installed.
        ValueError: the statement is wrong.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        try:
            for name in sorted(duckdb.get_table_names(statement)):
                if (table := tables.read(name.lower())) is not None:
                    connection.register(name, table)
            result = connection.execute(statement)
            return _numbered([column[0] for column in result.description or ()]), result.fetchall()
        except duckdb.Error as error:
            raise ValueError(" ".join(str(error).split("\n\n")[0].split())) from error


_PLAIN = frozenset({type(None), bool, int, float, str})


def plain(value: Any) -> Any:
    """Return a value of DuckDB as JSON can hold it, but for a NaN or infinity outside of lists and structs."""
    if type(value) in _PLAIN:  # of hundreds of thousands of cells nearly all
        return value
    if isinstance(value, list | tuple):
        return [_finite(plain(item)) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): _finite(plain(item)) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _finite(value: Any) -> Any:
    return json_number(value) if isinstance(value, float) else value


def _numbered(names: Iterable[str]) -> list[str]:
    numbered: dict[str, int] = {}
    for name in names:
        unique = name
        while unique in numbered:
            unique = f"{name}_{numbered[name]}"
            numbered[name] += 1
        numbered[unique] = 1
    return list(numbered)
