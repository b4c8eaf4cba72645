"""Values of metric, config and summary columns, aligned at the decimal point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runicorn_site.web.templatetags.ui import figure
from runs.active_root import active_root
from runs.models import Run, RunMetric, RunParam
from runs.pages.table.columns import AGGREGATES
from runs.query import derived_metrics
from runs.query.sort_keys import metric_of

SIGNIFICANT = 5
# As wide as a digit and as a point in fonts with tabular figures.
FIGURE_SPACE, PUNCTUATION_SPACE = "\u2007", "\u2008"

Value = float | str | None


def added_values(runs: Sequence[Run], columns: Sequence[str]) -> dict[tuple[int, str], Value]:
    """Return the values by run and column, with one query for the metrics and one for the config."""
    keys = [run.pk for run in runs]
    metrics = {column: split for column in columns if (split := metric_of(column))}
    params = {column.removeprefix("config."): column for column in columns if column.startswith("config.")}
    summaries = [column for column in columns if column.startswith("summary.")]
    values: dict[tuple[int, str], Value] = {}
    names = {name for name, _ in metrics.values()}
    if runs:
        derived_metrics.prepare(active_root(), names, keys)
    for metric in RunMetric.objects.filter(run__in=keys, key__in=names) if names else ():
        for column, (name, aggregate) in metrics.items():
            if name == metric.key:
                value = getattr(metric, AGGREGATES[aggregate])
                is_text = aggregate == "last" and value is None
                values[metric.run_id, column] = metric.last_text if is_text else value
    for param in RunParam.objects.filter(run__in=keys, key__in=params) if params else ():
        values[param.run_id, params[param.key]] = param.text if param.number is None else param.number
    for run in runs if summaries else ():
        for column in summaries:
            values[run.pk, column] = _plain(run.summary.get(column.removeprefix("summary.")))
    return values


def _plain(value: Any) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return float(value)
    return None if value is None or isinstance(value, dict | list) else str(value)


def is_text(values: Sequence[Value]) -> bool:
    """Return whether a column has words, which are aligned left."""
    return any(isinstance(value, str) for value in values)


def aligned(values: Sequence[Value], *, exact: bool = False) -> list[str]:
    """Return the values of a column as texts whose decimal points stand in line when they end at one edge.

    Args:
        exact: append blanks and no zeros, for settings that were written by a user.
    """
    texts = [figure(value) for value in values]
    if is_text(values):
        return texts
    decimals = [_decimals(text) for text in texts]
    width = max((count for count in decimals if count is not None), default=0)
    return [
        text if count is None else _pad(text, count, count if exact else _digits(value, count, width), width)
        for text, count, value in zip(texts, decimals, values, strict=True)
    ]


def by_column(
    runs: Sequence[Run], columns: Sequence[str], values: Mapping[tuple[int, str], Value]
) -> dict[str, list[Value]]:
    return {key: [values.get((run.pk, key)) for run in runs] for key in columns}


def _decimals(text: str) -> int | None:
    """Return the digits after the point; None for a text without a place for one."""
    if not text[-1:].isdigit() or "e" in text:
        return None
    return len(text.partition(".")[2])


def _digits(value: Value, count: int, width: int) -> int:
    """Return how many digits stand after the point: up to five significant ones."""
    size = abs(value) if isinstance(value, int | float) else 0.0
    significant = width if not size else SIGNIFICANT - 1 - math.floor(math.log10(size))
    return max(count, min(width, significant))


def _pad(text: str, count: int, digits: int, width: int) -> str:
    """Append zeros up to `digits` decimals, and blanks up to `width`."""
    if not width:
        return text
    zeros = digits - count
    if not count:
        text += "." if zeros else PUNCTUATION_SPACE
    return text + "0" * zeros + FIGURE_SPACE * (width - count - zeros)
