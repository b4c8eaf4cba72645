"""`runicorn export-data`: metrics of one run for a spreadsheet, or its report."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runicorn.store.journal.records import columns
from runicorn_site.cli.export import write_one
from runicorn_site.cli.support.selection import find_record
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED
from runicorn_tools.export.exporters import csv_lines


class DataFormat(StrEnum):
    """Output format."""

    CSV = "csv"
    EXCEL = "excel"
    MARKDOWN = "markdown"
    HTML = "html"


ENDINGS = {
    DataFormat.CSV: "_metrics.csv",
    DataFormat.EXCEL: "_metrics.xlsx",
    DataFormat.MARKDOWN: "_report.md",
    DataFormat.HTML: "_report.html",
}


def export_data(
    run_id: Annotated[str, typer.Option(help="The run id.")],
    format: Annotated[DataFormat, typer.Option(help="Output format.")] = DataFormat.CSV,
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", "-o", help="Output file; CSV is written to stdout by default."),
    ] = None,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Write the metrics of a run as CSV or Excel, or a report of it as Markdown or HTML.

    Examples:

      runicorn export-data --run-id 20260114_153045_a1b2c3 > metrics.csv

      runicorn export-data --run-id 20260114_153045_a1b2c3 --format html --output report.html
    """
    root = common.existing_root(storage)
    with common.exit_on_error():
        folder = root / find_record(root, run_id).folder
        if format is DataFormat.CSV and output is None:
            if names := columns(folder):
                sys.stdout.buffer.writelines(
                    line.encode("utf-8", "replace") for line in csv_lines(folder, names)
                )
                sys.stdout.buffer.flush()
                return
        elif write_one(folder, format.value, target := output or Path(f"{run_id}{ENDINGS[format]}")):
            common.print_notice(f"{run_id} → {target}")
            return
    common.exit_with(f"{run_id} has no metrics; nothing was written.", FAILED)
