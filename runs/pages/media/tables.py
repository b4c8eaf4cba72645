"""Logged tables: parsed, validated, sorted and exported."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from runicorn.store.csv_safety import guarded

SUFFIX = ".table.json"
ROWS = 50
COLUMNS = 100
"""Maximum number of shown columns; the CSV has all of them."""
SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, rows of equal length, and the number of logged rows."""

    columns: list[str]
    rows: list[list[Any]]
    total: int

    @classmethod
    def read(cls, content: bytes) -> Table:
        """Parse a file `….table.json`.

        Raises:
            ValueError: it is not a table.
        """
        payload = orjson.loads(content)
        if not isinstance(payload, dict):
            raise ValueError("not an object")
        columns, rows, total = payload.get("columns"), payload.get("rows"), payload.get("total_rows")
        if not isinstance(columns, list) or not isinstance(rows, list):
            raise ValueError("no columns or no rows")
        width = len(columns)
        # Short rows are filled up. A cell has at least two bytes, and a small file must not become billions of cells.
        if width * len(rows) > len(content):
            raise ValueError("rows are too short")
        cells = [
            [_cell(row[n]) if n < len(row) else None for n in range(width)]
            for row in rows
            if isinstance(row, list)
        ]
        _put_back(payload.get("special"), cells)
        return cls([str(name) for name in columns], cells, total if isinstance(total, int) else len(cells))

    def ordered(self, column: int, *, down: bool) -> Table:
        """Sort by a column: numbers before texts, missing values and NaN last."""
        values = [row for row in self.rows if not _is_last(row[column])]
        values.sort(key=lambda row: _rank(row[column]), reverse=down)
        return Table(self.columns, values + [row for row in self.rows if _is_last(row[column])], self.total)

    def csv(self) -> Iterator[str]:
        """Yield the lines of the table as CSV, safe to open in a spreadsheet."""
        line = io.StringIO()
        writer = csv.writer(line)
        for row in [self.columns, *self.rows]:
            writer.writerow([guarded(cell) for cell in row])
            yield line.getvalue()
            line.seek(0)
            line.truncate()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False)


def _put_back(special: Any, rows: list[list[Any]]) -> None:
    """Restore NaN and infinities, which JSON cannot represent, into the rows."""
    for entry in special if isinstance(special, list) else ():
        match entry:
            case [int(row), int(column), str(word)] if word in SPECIAL:
                if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
                    rows[row][column] = SPECIAL[word]


def _is_last(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _rank(value: Any) -> tuple[int, Any]:
    return (1, value.casefold()) if isinstance(value, str) else (0, value)
