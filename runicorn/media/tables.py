"""Tables as JSON: columns, and rows of numbers, booleans, texts and nulls."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from runicorn.store.values import NotLoggable, jsonable, text_of

FORMAT = "runicorn.table/1"
ROWS = 10_000
COLUMNS = 500
SIZE = 40 * 1024 * 1024
"""Maximum number of bytes of all cells, a number counting as `NUMBER`: the page reads tables of up to 64 MB."""
NUMBER = 8
SUFFIX = "table.json"
HISTOGRAM_SUFFIX = "histogram.json"


def table(rows: Any, columns: Iterable[Any] | None = None) -> dict[str, Any]:
    """Convert a table to its stored form.

    Args:
        rows: a list of dicts, a list of lists, a dict of columns, an array of two dimensions, or a data frame
            (pandas, polars, pyarrow). The first 10,000 rows and 500 columns are kept, at most about 40 MiB in all; cells
            are never cut.
        columns: names and order of the columns; by default those of the rows, in order of appearance.

    Returns:
        `{format, columns: [name], rows: [[cell]], special: [[row, column, "nan"|"inf"|"-inf"]], total_rows}`: NaN
        and infinities are `null` in their row and listed in `special`. Nested cells become JSON texts.

    Raises:
        TypeError: `rows` has an unsupported type.
    """
    names, records, total = _read(rows)
    if columns is not None:
        names = list(columns)
    cells_of_rows = [_cells(record, names) for record in records]
    if not names:
        names = [str(n) for n in range(max(map(len, cells_of_rows), default=0))]
    width = min(COLUMNS, len(names))
    rows_within_limit = list(_within_limit(_row(cells, width) for cells in cells_of_rows))
    return {
        "format": FORMAT,
        "columns": [str(name) for name in names[:width]],
        "rows": [[None if _is_special(value) else value for value in row] for row in rows_within_limit],
        "special": [
            [n, m, _word(value)]
            for n, row in enumerate(rows_within_limit)
            for m, value in enumerate(row)
            if _is_special(value)
        ],
        "total_rows": total,
    }


def encode(value: dict[str, Any]) -> bytes:
    """Encode a table as JSON bytes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _read(rows: Any) -> tuple[list[Any], list[Any], int]:
    """Return the names of the columns (none for plain lists), the kept rows, and the number of all rows."""
    if isinstance(rows, Mapping):
        lists = [list(column) for column in rows.values()]
        longest = max(map(len, lists), default=0)
        return list(rows), list(islice(_across(lists, longest), ROWS)), longest
    if callable(getattr(rows, "itertuples", None)):  # pandas
        return list(rows.columns), list(islice(rows.itertuples(index=False, name=None), ROWS)), len(rows)
    if callable(getattr(rows, "iter_rows", None)):  # polars
        return list(rows.columns), list(islice(rows.iter_rows(), ROWS)), len(rows)
    if callable(getattr(rows, "to_pylist", None)):  # pyarrow
        return _read(rows.to_pylist())
    if hasattr(rows, "tolist"):
        rows = rows.tolist()
    if not isinstance(rows, Iterable) or isinstance(rows, (str, bytes)):
        raise TypeError(f"A table takes rows, not {type(rows).__name__}.")
    records = list(rows)
    wrong = next((row for row in records if not isinstance(row, Mapping) and not _is_row(row)), None)
    if wrong is not None:
        raise TypeError(f"A row of a table is a dict or a list, not {type(wrong).__name__}.")
    first_records = records[:ROWS]
    names = dict.fromkeys(name for row in first_records if isinstance(row, Mapping) for name in row)
    return list(names), first_records, len(records)


def _across(columns: Sequence[Sequence[Any]], length: int) -> Iterator[list[Any]]:
    for n in range(length):
        yield [column[n] if n < len(column) else None for column in columns]


def _is_row(row: Any) -> bool:
    return (isinstance(row, Sequence) and not isinstance(row, (str, bytes))) or hasattr(row, "tolist")


def _cells(record: Any, names: Sequence[Any]) -> Sequence[Any]:
    if isinstance(record, Mapping):
        return [record.get(name) for name in names]
    cells = record.tolist() if hasattr(record, "tolist") else record
    return cells if isinstance(cells, Sequence) else [cells]


def _row(cells: Sequence[Any], width: int) -> list[Any]:
    return [*map(_cell, cells[:width]), *[None] * (width - len(cells))]


def _within_limit(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    size = 0
    for row in rows:
        size += sum(_bytes_of(cell) if isinstance(cell, str) else NUMBER for cell in row)
        if size > SIZE:
            return
        yield row


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _cell(value: Any) -> Any:
    try:
        plain = jsonable(value)
    except NotLoggable:
        plain = text_of(value)
    if isinstance(plain, (list, dict)):
        plain = json.dumps(plain, ensure_ascii=False)
    return plain


def _is_special(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
