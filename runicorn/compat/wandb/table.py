"""`wandb.Table`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from runicorn.compat.media import Media, store_table
from runicorn.compat.unknown import UnknownMethods, accepted
from runicorn.store.values import described
from runicorn.tracking.run import Run


class Table(Media, UnknownMethods):
    """Rows under named columns.

    Images and other files in cells are stored beside the table, under its key and the name of the column; the cell has
    the caption, or the name of the file.

    Attributes:
        columns, data: names of the columns, and the rows.
    """

    _foreign_name = "wandb.Table"
    MAX_ROWS = 10_000

    def __init__(
        self,
        columns: list[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
    ) -> None:
        frame = dataframe if dataframe is not None else data if hasattr(data, "itertuples") else None
        if frame is not None:
            self.columns: list[Any] = list(frame.columns)
            self.data: list[list[Any]] = [list(row) for row in frame.itertuples(index=False, name=None)]
            return
        content = data if data is not None else rows if rows is not None else []
        self.data = [list(row) for row in content]
        self.columns = list(columns) if columns is not None else self._default_columns()

    def _default_columns(self) -> list[Any]:
        width = max(map(len, self.data), default=0)
        return ["Input", "Output", "Expected"] if width in (0, 3) else [str(n) for n in range(width)]

    def add_data(self, *cells: Any) -> None:
        """Add a row.

        Raises:
            ValueError: it has not as many cells as there are columns.
        """
        if len(cells) != len(self.columns):
            raise ValueError(
                f"This table expects {len(self.columns)} columns: {self.columns}, found {len(cells)}"
            )
        self.data.append(list(cells))

    def add_row(self, *row: Any) -> None:
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        cells = list(data)
        if self.data and len(cells) != len(self.data):
            raise ValueError(f"This table has {len(self.data)} rows, but the column {name} has {len(cells)}")
        self.columns.append(name)
        if not self.data:
            self.data = [[] for _ in cells]
        for row, cell in zip(self.data, cells):
            row.append(cell)

    def add_computed_columns(self, fn: Any) -> None:
        """Add columns that a function computes of each row's number and values."""
        added = [fn(n, dict(zip(self.columns, row))) for n, row in self.iterrows()]
        for name in added[0] if added else ():
            self.add_column(name, [values[name] for values in added])

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """Return a column as a list, or as an array with `convert_to="numpy"`."""
        index = self.columns.index(name)
        cells = [row[index] for row in self.data]
        if convert_to != "numpy":
            return cells
        import numpy as np

        return np.array(cells)

    def get_index(self) -> list[int]:
        return list(range(len(self.data)))

    def get_dataframe(self) -> Any:
        """Return a data frame of pandas."""
        import pandas as pd

        return pd.DataFrame.from_records(self.data, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield number and cells of each row."""
        yield from enumerate(self.data)

    @accepted
    def cast(self, col_name: str, dtype: Any, optional: bool = False) -> None:
        """Do nothing: columns have no types."""

    @accepted
    def set_pk(self, key_column: str) -> None:
        """Do nothing: tables are not joined."""

    @accepted
    def set_fk(self, key_column: str, table: Any, table_col: str) -> None:
        """Do nothing: tables are not joined."""

    def store(self, run: Run, key: str, step: int | None, moment: float | None = None) -> None:
        names = [f"{key}/{column}" for column in self.columns]
        references: dict[tuple[int, str], Any] = {}  # a medium may be in many rows; its file is written once

        def content(cell: Any, name: str) -> Any:
            if not isinstance(cell, Media):
                return cell
            if (id(cell), name) not in references:
                references[id(cell), name] = _stored(cell, run, name, step, moment)
            return references[id(cell), name]

        rows = [
            [content(cell, name) for cell, name in zip(row, [*names, *[key] * len(row)])] for row in self.data
        ]
        store_table(run, key, rows, self.columns, step, moment)

    def encode(self) -> tuple[bytes, str]:
        """Return the table as JSON, for artifacts."""
        rows = [[described(_cell(cell)) for cell in row] for row in self.data]
        return json.dumps({"columns": self.columns, "data": rows}, ensure_ascii=False).encode(), "table.json"


def _stored(value: Media, run: Run, key: str, step: int | None, moment: float | None) -> Any:
    """Store the file of a medium; return the content of its cell."""
    if isinstance(value, Table):
        return _cell(value)
    try:
        path = value.store_file(run, key, step, moment)
    except NotImplementedError:  # a histogram or a trace
        return _cell(value)
    return value.caption or path.rpartition("/")[2] or _cell(value)


def _cell(value: Any) -> Any:
    if isinstance(value, Media):
        return value.caption or f"<{type(value).__name__}>"
    return value
