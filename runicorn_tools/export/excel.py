"""Excel workbook of a run, written by XlsxWriter with one row in memory at a time."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.csv_safety import guarded
from runicorn.store.journal.records import FIRST_COLUMNS, Statistics, metric_records, number, statistics
from runicorn_tools.export import report

ROWS = 1_048_575
"""Maximum number of data rows of an Excel sheet; further records are left out."""
COLUMNS = 16_384
CHARTS = 200
CHART_HEIGHT = 15
TEXT = 32_767
"""Maximum number of characters of an Excel cell."""
# Texts stay texts: no text of a run becomes a formula or a link.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
STATISTICS = ("Metric", "Min", "Max", "Mean", "Last", "Count")


def write(library: Any, path: Path, run_dir: Path, names: Sequence[str], charts: bool) -> None:
    """Write the workbook.

    Args:
        library: the module `xlsxwriter`.
        names: the columns of the records.
        charts: whether to add a sheet with charts.

    Raises:
        OSError: the journal cannot be read or the file not be written.
    """
    # Written elsewhere and copied: closing a ZIP file on a full disk raises in its finalizer.
    with path.open("wb") as target, tempfile.TemporaryFile() as file:
        book = library.Workbook(file, OPTIONS)
        try:
            _fill(book, run_dir, names[:COLUMNS], charts)
            book.close()
        except library.exceptions.XlsxWriterException as error:
            raise OSError(f"The workbook could not be written: {error}") from error
        finally:
            _let_go(book)
        file.seek(0)
        shutil.copyfileobj(file, target)


def _let_go(book: Any) -> None:
    """Mark a failed workbook as closed; its finalizer would write it again."""
    if not book.fileclosed:
        book.fileclosed = True
        for sheet in book.worksheets():
            sheet._opt_close()


def _fill(book: Any, run_dir: Path, names: Sequence[str], charts: bool) -> None:
    rows = _write_metrics(book.add_worksheet("Metrics"), run_dir, names)
    _write_rows(book.add_worksheet("Metadata"), ("Property", "Value"), _metadata(run_dir))
    figures = statistics(run_dir)[0]
    _write_rows(book.add_worksheet("Statistics"), STATISTICS, [_figures(*item) for item in figures.items()])
    if charts:
        _add_charts(book, names, [name for name in names if name in figures], rows)


def _write_metrics(sheet: Any, run_dir: Path, names: Sequence[str]) -> int:
    _write_row(sheet, 0, names)
    row = 0
    for record in metric_records(run_dir):
        if row == ROWS:
            break
        row += 1
        _write_row(sheet, row, [record.get(name) for name in names])
    return row


def _write_rows(sheet: Any, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    for n, row in enumerate([head, *rows]):
        _write_row(sheet, n, row)


def _write_row(sheet: Any, row: int, values: Sequence[Any]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif (plain := number(value)) is not None and math.isfinite(plain):
            sheet.write_number(row, column, plain)
        elif value is not None:  # Excel has no NaN and no infinity
            sheet.write_string(row, column, guarded(str(value))[:TEXT])


def _metadata(run_dir: Path) -> list[tuple[str, str]]:
    facts = [fact for section in report.sections(run_dir) for fact in section.facts]
    summary = layout.read_json(run_dir / layout.SUMMARY)[0]
    return facts + [(name, str(value)) for name, value in summary.items()]


def _figures(name: str, figures: Statistics) -> list[Any]:
    extremes = [figures.minimum, figures.maximum, figures.mean] if figures.finite else [None] * 3
    return [name, *extremes, figures.last, figures.count]


def _add_charts(book: Any, names: Sequence[str], metrics: Sequence[str], rows: int) -> None:
    sheet = book.add_worksheet("Charts")
    step = next((n for n, name in enumerate(names) if name in FIRST_COLUMNS[:2]), None)
    for n, name in enumerate(metrics[:CHARTS]):
        chart = book.add_chart({"type": "scatter", "subtype": "straight"})
        column = names.index(name)
        series = {"name": ["Metrics", 0, column], "values": ["Metrics", 1, column, rows, column]}
        if step is not None:
            series["categories"] = ["Metrics", 1, step, rows, step]
        chart.add_series(series)
        # A title referenced from a cell cannot be a formula.
        chart.set_title({"name": ["Metrics", 0, column]})
        chart.set_legend({"none": True})
        sheet.insert_chart(n * CHART_HEIGHT, 0, chart)
