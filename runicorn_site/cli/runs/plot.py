"""`runicorn plot`: curves of runs in the terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Annotated

import typer

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog, Curve
from runicorn_site.catalog.entry import RunEntry, json_number
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.chart import Line, chart, usual_metrics
from runicorn_site.cli.runs.source import AsJson, Runs, Storage, Token, Url, opened, runs_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED

PAUSE = 1.0


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
            names = metric or usual_metrics(entries)
            curves = {name: _curves(catalog, entries, name, columns * 4) for name in names}
            if as_json:
                common.print_json({name: _points(of_metric) for name, of_metric in curves.items()})
            elif not any(curves.values()):
                common.exit_with(f"No run has {', '.join(names) or 'a metric'}", FAILED)
            else:
                lines = [
                    _styled(line)
                    for name in names
                    for line in chart(name, curves[name], columns, height, log_y)
                ]
                if follow and sys.stdout.isatty():
                    typer.echo("\x1b[H\x1b[2J", nl=False)
                typer.echo("\n".join(lines))
            if not follow or all(entry.status != layout.RUNNING for entry in entries):
                return
            time.sleep(PAUSE)


def _curves(
    catalog: Catalog, entries: list[RunEntry], name: str, points: int
) -> list[tuple[RunEntry, Curve]]:
    curves = [(entry, catalog.curves(entry, [name], points).get(name)) for entry in entries]
    return [(entry, curve) for entry, curve in curves if curve is not None and curve.steps]


def _points(curves: list[tuple[RunEntry, Curve]]) -> dict[str, dict[str, object]]:
    return {
        entry.id: {
            "steps": curve.steps,
            "values": curve.texts() if curve.labels else [json_number(value) for value in curve.values],
            "count": curve.count,
        }
        for entry, curve in curves
    }


def _styled(line: Line) -> str:
    if not text.has_color():
        return "".join(part for part, _ in line).rstrip()
    return "".join(_part(part, style) for part, style in line)


def _part(part: str, style: str) -> str:
    if not style:
        return part
    return typer.style(part, bold=True) if style == "bold" else typer.style(part, fg=style)
