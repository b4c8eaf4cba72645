"""A logged table as it is shown: read, checked, sorted and cut into pages. Pure."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from runicorn.export.csv_safety import guarded

SUFFIX = ".table.json"
ROWS = 50
COLUMNS = 100
"""Shown side by side; the CSV has all of them."""
SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, rows as long as there are columns, and how many rows were logged."""

    columns: list[str]
    rows: list[list[Any]]
    total: int

    @classmethod
    def read(cls, content: bytes) -> Table:
        """The table in a file `….table.json`.

        Raises:
            ValueError: it holds none.
        """
        found = orjson.loads(content)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        columns, rows, total = found.get("columns"), found.get("rows"), found.get("total_rows")
        if not isinstance(columns, list) or not isinstance(rows, list):
            raise ValueError("no columns or no rows")
        width = len(columns)
        cells = [
            [_cell(row[n]) if n < len(row) else None for n in range(width)]
            for row in rows
            if isinstance(row, list)
        ]
        _put_back(found.get("special"), cells)
        return cls([str(name) for name in columns], cells, total if isinstance(total, int) else len(cells))

    def ordered(self, column: int, *, down: bool) -> Table:
        """The same table sorted by a column: numbers before texts, and what is not there or no number last."""
        values = [row for row in self.rows if not _is_last(row[column])]
        values.sort(key=lambda row: _rank(row[column]), reverse=down)
        return Table(self.columns, values + [row for row in self.rows if _is_last(row[column])], self.total)

    def csv(self) -> Iterator[str]:
        """The lines of the table as CSV, safe to be opened by a spreadsheet."""
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
    """What JSON has no number for stands beside the rows."""
    for entry in special if isinstance(special, list) else ():
        match entry:
            case [int(row), int(column), str(word)] if word in SPECIAL:
                if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
                    rows[row][column] = SPECIAL[word]


def _is_last(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _rank(value: Any) -> tuple[int, Any]:
    return (1, value.casefold()) if isinstance(value, str) else (0, value)
