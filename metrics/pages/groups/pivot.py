"""Pivot table of a metric by two keys, as rows of a page, LaTeX, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runicorn.store.csv_safety import guarded
from runicorn_site.web.templatetags.ui import figure
from runs.query.analysis.group_names import interval_text, label_of

_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of runs.

    Attributes:
        mean, half: mean, and half of its 95 % interval; None if it is unknown.
        is_best: whether no other group is better by more than noise.
    """

    mean: float | None = None
    half: float | None = None
    n: int = 0
    is_best: bool = False

    @property
    def text(self) -> str:
        """The mean with its interval."""
        return (
            interval_text(self.mean, self.half, "±")
            if self.half
            else figure(self.mean)
            if self.mean is not None
            else ""
        )


@dataclass(slots=True)
class Pivot:
    """A table: names of the keys, values of the columns, and rows with a cell for each column."""

    row_key: str
    column_key: str
    metric: str
    columns: list[str] = field(default_factory=list)
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        head = [f"{self.row_key} \\ {self.column_key}", *self.columns]
        lines = [head, ["---", *("---:" for _ in self.columns)]]
        for label, cells in self.rows:
            texts = [f"**{cell.text}**" if cell.is_best else cell.text for cell in cells]
            lines.append([label, *texts])
        return "\n".join(
            f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |" for line in lines
        )

    def latex(self) -> str:
        """Return the table as LaTeX, for the package booktabs."""
        lines = [
            rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}",
            r"\toprule",
            " & ".join(map(_latex, [self.row_key, *self.columns])) + r" \\",
            r"\midrule",
        ]
        for label, cells in self.rows:
            lines.append(" & ".join([_latex(label), *map(_latex_cell, cells)]) + r" \\")
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])

    def csv(self) -> str:
        """Return a line for each cell: key values, mean, half interval, number of runs, whether it is among the best."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            map(guarded, [self.row_key, self.column_key, self.metric, "half_interval", "n", "best"])
        )
        for label, cells in self.rows:
            for column, cell in zip(self.columns, cells, strict=True):
                if cell.n:
                    line = [label, column, cell.mean, cell.half, cell.n, int(cell.is_best)]
                    writer.writerow(map(guarded, line))
        return stream.getvalue()


def _latex(text: str) -> str:
    return re.sub(r"[&%$#_{}\\~^]", lambda match: _LATEX[match[0]], text)


def _latex_cell(cell: Cell) -> str:
    text = interval_text(cell.mean, cell.half, r"\pm").replace(r" \pm ", r" \pm ")
    if not text:
        return ""
    return rf"$\mathbf{{{text}}}$" if cell.is_best else f"${text}$"


def make(
    keys: tuple[str, str], metric: str, values: Sequence[tuple[Any, Any]], cells: Sequence[Cell]
) -> Pivot:
    """Return the table of cells whose keys have these values, rows and columns in the order of `values`."""
    pivot = Pivot(keys[0], keys[1], metric)
    by_row: dict[str, dict[str, Cell]] = {}
    for (row, column), cell in zip(values, cells, strict=True):
        by_row.setdefault(label_of(row), {})[label_of(column)] = cell
    columns = dict.fromkeys(label_of(column) for _, column in values)
    pivot.columns = list(columns)
    pivot.rows = [
        (row, [cells_of.get(column, Cell()) for column in columns]) for row, cells_of in by_row.items()
    ]
    return pivot
