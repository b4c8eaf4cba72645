"""Chart of the curves of a metric in characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runicorn_site.catalog.base import Curve
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.braille import draw
from runicorn_tools.cli.support import common
from runs.store.usual_metric import choose

COLORS = ("cyan", "yellow", "magenta", "green", "red", "blue")
LABELS = 11
"""Columns of the labels at the y axis."""
Line = list[tuple[str, str]]
"""Parts of a line, each with a color, "bold", or ""."""
RunCurve = tuple[RunEntry, Curve]


def chart(name: str, curves: Sequence[RunCurve], columns: int, height: int, log_y: bool) -> list[Line]:
    """Return the lines of a chart: title, canvas with labels, x axis, legend, an empty line."""
    series = []
    for _, curve in curves:
        values = [math.log10(v) if log_y and v > 0 else math.nan if log_y else v for v in curve.values]
        series.append((curve.steps, values))
    canvas = draw(series, columns - LABELS - 1, height)
    if canvas is None:
        return [[(f"{common.printable(name)}: no finite values", "")], []]
    lines: list[Line] = [[(common.printable(name), "bold")]]
    for index, row in enumerate(canvas.rows):
        share = 1 - index / max(1, height - 1)
        value = canvas.low + (canvas.high - canvas.low) * share
        is_labelled = index in (0, height // 2, height - 1)
        label = text.number(10**value if log_y else value) if is_labelled else ""
        cells = [(sign, "" if owner is None else _color(owner)) for sign, owner in row]
        lines.append([(f"{label:>{LABELS - 1}} │", ""), *cells])
    first, last = text.number(canvas.first), text.number(canvas.last)
    lines.append([(f"{'':>{LABELS - 1}} └{first}{last:>{max(1, columns - LABELS - 1 - len(first))}}", "")])
    return [*lines, *(_legend(number, *pair) for number, pair in enumerate(curves)), []]


def usual_metrics(entries: Sequence[RunEntry]) -> list[str]:
    """Return the primary metric of the first run that has one, else the usual one."""
    for entry in entries:
        if entry.best_metric_name:
            return [entry.best_metric_name]
    name = choose({name for entry in entries for name in entry.metrics})
    return [name] if name else []


def _legend(number: int, entry: RunEntry, curve: Curve) -> Line:
    finite = [value for value in curve.values if math.isfinite(value)]
    if curve.labels:
        labels = ", ".join(f"{int(value)} {curve.labels[int(value)]}" for value in sorted(set(curve.values)))
        ends = common.printable(f"last {curve.texts()[-1]} ({labels})")
    else:
        ends = _ends(curve.values[-1], finite)
    return [
        (" " * LABELS, ""),
        ("■", _color(number)),
        (f" {common.printable(entry.label)} {entry.id}  {ends}", ""),
    ]


def _ends(last: float, finite: Sequence[float]) -> str:
    return (
        f"last {text.number(last)}, min {text.number(min(finite))}, max {text.number(max(finite))}"
        if finite
        else ""
    )


def _color(number: int) -> str:
    return COLORS[number % len(COLORS)]
