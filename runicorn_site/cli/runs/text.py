"""Values, tables and CSV of the verbs for runs."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import typer

from runicorn.store.csv_safety import guarded
from runicorn_tools.cli.support import common

COLORS = {
    "running": "blue",
    "finished": "green",
    "interrupted": "yellow",
    "preempted": "yellow",
    "stalled": "yellow",
}
LEAST_WIDTH = 12
"""Characters to which columns of texts are cut on a narrow terminal before others are left out."""
WHOLE = ("id", "state", "best")
SPARED = ("duration", "created_at")
"""Columns that a narrow terminal does without."""
TIMES = frozenset({"created_at", "started_at", "ended_at", "deleted_at"})


def cell(key: str, value: Any) -> str:
    """Return a value as a person reads it in a table."""
    if value is None or value == "":
        return ""
    if key in TIMES:
        return common.format_time(value)
    if key == "duration":
        return duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number(value)
    if key == "tags":
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def number(value: float) -> str:
    """Return a number with five significant digits."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return f"{value:.5g}"


def duration(seconds: float) -> str:
    """Return seconds as `1d 2h`, `2h 3m`, `3m 4s` or `4.2s`."""
    if seconds < 60:
        return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s"
    for unit, size, smaller, rest in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} {int(seconds % size // rest)}{smaller}"
    return ""


def age(since: float, now: float | None = None) -> str:
    """Return how long ago a moment was, by its greatest unit."""
    seconds = (time.time() if now is None else now) - since
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return "now"


def has_color() -> bool:
    """Return whether output goes to a terminal whose user accepts colors (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print a table: as wide as the terminal, with long cells cut; whole and without colors into a pipe or file."""
    if sys.stdout.isatty():
        _print_for_terminal(columns, rows, numbers)
        return
    table = [
        list(columns),
        *([common.printable(text) for text in row] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    right = [column in numbers for column in columns]
    for row in table:
        cells = [
            text.rjust(width) if is_number else text.ljust(width)
            for text, width, is_number in zip(row, widths, right, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print CSV with full precision; texts that a spreadsheet would run as formulas get a leading `'`."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        [value if type(value) in _NUMBERS else guarded(_plain(value)) for value in row] for row in rows
    )


_NUMBERS = frozenset({int, float})


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else value


def _print_for_terminal(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str]
) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=not has_color())
    # By place: a column may be asked for twice. What no terminal shows of long texts need not be measured.
    cells = [[common.printable(row[at])[: console.width * 2] for row in rows] for at in range(len(columns))]
    most = [max(map(cell_len, texts), default=0) for texts in cells]
    natural = [max(cell_len(column), width) for column, width in zip(columns, most, strict=True)]
    widths = dict(enumerate(natural))

    def excess() -> int:
        return sum(widths.values()) + len("  ") * (len(widths) - 1) - console.width

    def narrow(places: Sequence[int], least: Callable[[int], int]) -> None:
        while excess() > 0 and (wide := [at for at in places if widths[at] > least(at)]):
            widths[max(wide, key=lambda at: widths[at])] -= 1

    # Other commands take the id, and a cut number or time is another one.
    whole = [at for at, column in enumerate(columns) if column in (*WHOLE, *numbers, *TIMES)]
    narrow([at for at in widths if at not in whole], lambda at: LEAST_WIDTH)
    empty = [at for at, width in enumerate(most) if not width]
    for at in (*empty, *(at for name in SPARED for at, column in enumerate(columns) if column == name)):
        if excess() > 0:
            widths.pop(at, None)
    texts = [at for at in widths if at not in whole]
    narrow([at for at in widths if columns[at] in numbers], lambda at: max(1, most[at]))  # the names alone
    narrow([*texts, *(at for at in widths if columns[at] == "best")], lambda at: 4)
    while (cut := [at for at in texts if widths[at] < natural[at]]) and excess() < 0:
        widths[min(cut, key=lambda at: widths[at])] += 1
    for at, width in widths.items():
        if columns[at] == "best":  # its end is the value, its beginning the name of the metric
            cells[at] = [text if cell_len(text) <= width else "…" + text[1 - width :] for text in cells[at]]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, width in widths.items():
        justify: Literal["left", "right"] = "right" if columns[at] in numbers else "left"
        table.add_column(columns[at], justify=justify, no_wrap=True, overflow="ellipsis", width=width)
    for row in zip(*(cells[at] for at in widths), strict=True):
        table.add_row(
            *(
                Text(text, style=COLORS.get(text, "red") if columns[at] == "state" else "")
                for at, text in zip(widths, row, strict=True)
            )
        )
    console.print(table)
