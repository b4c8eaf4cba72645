"""`runicorn plot`: curves of runs in the terminal."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import Annotated

import typer

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog, Curve
from runicorn_site.catalog.entry import RunEntry, json_number
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.braille import draw
from runicorn_site.cli.runs.source import AsJson, Runs, Storage, Token, Url, opened, runs_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED

PAUSE = 1.0
COLORS = ("cyan", "yellow", "magenta", "green", "red", "blue")
LABELS = 11
"""Columns of the labels at the y axis."""


def plot(
    runs: Runs,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", help="A metric; may be repeated. Default: the primary one."),
    ] = None,
    width: Annotated[int, typer.Option(min=0, help="Columns; 0 for the terminal's.")] = 0,
    height: Annotated[int, typer.Option(min=3, max=200, help="Lines of a chart.")] = 14,
    log_y: Annotated[bool, typer.Option("--log-y", help="Logarithmic y axis.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Draw again until the runs have ended.")
    ] = False,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Draw curves of runs, one chart for each metric.

    Examples:

      runicorn plot latest --metric loss --log-y

      runicorn plot 20260114_153045_a1b2c3 20260114_160210_d4e5f6 --metric loss --metric val_acc
    """
    columns = max(40, width or shutil.get_terminal_size((100, 24)).columns)
    with opened(url, token, storage) as catalog:
        while True:
            entries = runs_of(catalog, runs, metrics=not metric)
            names = metric or _usual_metrics(entries)
            curves = {name: _curves(catalog, entries, name, columns * 4) for name in names}
            if as_json:
                common.print_json({name: _points(of_metric) for name, of_metric in curves.items()})
            elif not any(curves.values()):
                common.exit_with(f"No run has {', '.join(names) or 'a metric'}", FAILED)
            else:
                lines = [
                    line for name in names for line in _chart(name, curves[name], columns, height, log_y)
                ]
                if follow and sys.stdout.isatty():
                    typer.echo("\x1b[H\x1b[2J", nl=False)
                typer.echo("\n".join(lines))
            if not follow or all(entry.status != layout.RUNNING for entry in entries):
                return
            time.sleep(PAUSE)


def _usual_metrics(entries: list[RunEntry]) -> list[str]:
    """Return the primary metric of the first run that has one, else the first that has a telling name."""
    for entry in entries:
        if entry.best_metric_name:
            return [entry.best_metric_name]
    names = sorted({name for entry in entries for name in entry.metrics if not name.startswith("system/")})
    for word in ("val", "eval", "loss"):
        if telling := [name for name in names if word in name.lower()]:
            return telling[:1]
    return names[:1]


def _curves(
    catalog: Catalog, entries: list[RunEntry], name: str, points: int
) -> list[tuple[RunEntry, Curve]]:
    curves = [(entry, catalog.curves(entry, [name], points).get(name)) for entry in entries]
    return [(entry, curve) for entry, curve in curves if curve is not None and curve.steps]


def _points(curves: list[tuple[RunEntry, Curve]]) -> dict[str, dict[str, object]]:
    return {
        entry.id: {
            "steps": curve.steps,
            "values": [json_number(value) for value in curve.values],
            "count": curve.count,
        }
        for entry, curve in curves
    }


def _chart(
    name: str, curves: list[tuple[RunEntry, Curve]], columns: int, height: int, log_y: bool
) -> list[str]:
    """Return the lines of one chart: title, canvas with labels, x axis, legend."""
    series = []
    for _, curve in curves:
        values = [math.log10(v) if log_y and v > 0 else math.nan if log_y else v for v in curve.values]
        series.append((curve.steps, values))
    canvas = draw(series, columns - LABELS - 1, height)
    if canvas is None:
        return [f"{common.printable(name)}: no finite values", ""]
    rows = [typer.style(common.printable(name), bold=True) if text.has_color() else common.printable(name)]
    for index, row in enumerate(canvas.rows):
        share = 1 - index / max(1, height - 1)
        value = canvas.low + (canvas.high - canvas.low) * share
        is_labelled = index in (0, height // 2, height - 1)
        label = text.number(10**value if log_y else value) if is_labelled else ""
        cells = "".join(
            typer.style(sign, fg=COLORS[owner % len(COLORS)])
            if owner is not None and text.has_color()
            else sign
            for sign, owner in row
        )
        rows.append(f"{label:>{LABELS - 1}} │{cells}".rstrip())
    first, last = text.number(canvas.first), text.number(canvas.last)
    rows.append(f"{'':>{LABELS - 1}} └{first}{last:>{max(1, columns - LABELS - 1 - len(first))}}")
    for number, (entry, curve) in enumerate(curves):
        finite = [value for value in curve.values if math.isfinite(value)]
        mark = typer.style("■", fg=COLORS[number % len(COLORS)]) if text.has_color() else "■"
        last_value = text.number(curve.values[-1])
        ends = (
            f"last {last_value}, min {text.number(min(finite))}, max {text.number(max(finite))}"
            if finite
            else ""
        )
        rows.append(f"{'':>{LABELS}}{mark} {common.printable(entry.label)} {entry.id}  {ends}")
    return [*rows, ""]
