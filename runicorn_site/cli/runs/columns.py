"""Columns of a table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runicorn_site.catalog.entry import RunEntry, needs_metrics, value_of
from runicorn_site.cli.runs import text

DEFAULT = ("id", "project", "name", "state", "created_at", "duration", "best", "tags")
ALIASES = {"created": "created_at", "started": "started_at", "ended": "ended_at", "note": "description"}
BEST = "best"
"""Column of the primary metric and its best value."""
COLUMNS_HELP = (
    "Comma-separated fields, config.KEY, summary.KEY, metric.NAME, metric.NAME.best (last, min, max, count);"
    " with a + before the first one they are added to the usual ones."
)
SORT_HELP = "Sort by a column; a - before it for the greatest first."


def chosen(columns: str, usual: Sequence[str] = DEFAULT) -> list[str]:
    """Return the keys of the option `--columns`; "" are the usual ones."""
    names = [name.strip() for name in columns.removeprefix("+").split(",") if name.strip()]
    keys = [ALIASES.get(name, name) for name in names]
    is_own = keys and not columns.startswith("+")
    return list(dict.fromkeys(keys if is_own else [*usual, *keys]))


def order(sort: str) -> tuple[str, bool]:
    """Return the column of the option `--sort`, as a query takes it, and whether the greatest is first."""
    key = sort.removeprefix("-")
    key = ALIASES.get(key, key)
    return "best_metric_value" if key == BEST else key, sort.startswith("-")


def need_metrics(keys: Sequence[str]) -> bool:
    """Return whether a column needs the statistics of metrics."""
    return any(needs_metrics(key) for key in keys if key and key != BEST)


def unknown(keys: Sequence[str], entries: Sequence[RunEntry]) -> list[str]:
    """Return the columns that are no fields of runs and have no value in any of these runs."""
    names = [key for key in dict.fromkeys(keys) if key and key != BEST and key not in RunEntry.__slots__]
    return [key for key in names if all(value_of(entry, key) is None for entry in entries)]


def value(entry: RunEntry, key: str) -> Any:
    """Return the value of a column, the primary metric with its best value as a text."""
    if key != BEST:
        return value_of(entry, key)
    if entry.best_metric_name is None or entry.best_metric_value is None:
        return None
    return f"{entry.best_metric_name} {text.number(entry.best_metric_value)}"


def cell_text(entry: RunEntry, key: str) -> str:
    """Return the cell of a table for people: the name of a run is the one that a user or its script gave it later."""
    return text.cell(key, entry.label if key == "name" else value(entry, key))


def numeric(keys: Sequence[str], entries: Sequence[RunEntry]) -> list[str]:
    """Return the columns whose values are all numbers."""
    result = []
    for key in keys:
        values = [cell for entry in entries if (cell := value(entry, key)) is not None]
        if key not in text.TIMES and values and all(map(_is_number, values)):
            result.append(key)
    return result


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
