"""Export of a run's metrics as CSV, Excel, Parquet and TensorBoard events, and of its report."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.csv_safety import guarded
from runicorn.store.journal import records
from runicorn.store.journal.records import FIRST_COLUMNS, metric_records, number
from runicorn_tools.export import excel, parquet, report, tensorboard_events

FORMATS = ("markdown", "html", "pdf")


class MissingLibrary(RuntimeError):
    """The format requires a library that is not installed or not supported."""


class MetricsExporter:
    """Export one run from its folder, running or ended.

    Args:
        run_dir: the folder of the run.
    """

    def __init__(self, run_dir: str | os.PathLike[str]) -> None:
        self.run_dir = Path(run_dir)

    def columns(self) -> list[str]:
        """Return the columns of its records; empty if there is nothing to export.

        Raises:
            OSError: the journal cannot be read.
        """
        return records.columns(self.run_dir)

    def to_csv(
        self, output_path: str | os.PathLike[str] | None = None, include_metadata: bool = True
    ) -> str | None:
        """Write one line per record: step, time (Unix seconds) and stage first, then the other columns sorted.

        Args:
            output_path: the file to write; None returns the text.
            include_metadata: add comment lines (`#`) about the run before the header.

        Returns:
            The text; None if it was written to a file, or there is nothing to export.

        Raises:
            OSError: the journal cannot be read, or the file cannot be written.
        """
        names = records.columns(self.run_dir)
        if not names:
            return None
        lines = csv_lines(self.run_dir, names, include_metadata)
        if output_path is None:
            return "".join(lines)
        with open(output_path, "w", newline="", encoding="utf-8") as file:
            file.writelines(lines)
        return None

    def to_excel(self, output_path: str | os.PathLike[str], include_charts: bool = True) -> bool:
        """Write a workbook with the sheets Metrics, Metadata, Statistics, and Charts with a line chart per metric.

        Returns:
            False if there is nothing to export.

        Raises:
            MissingLibrary: XlsxWriter is not installed.
            OSError: the journal cannot be read, or the file cannot be written.
        """
        try:
            import xlsxwriter
        except ImportError:
            raise MissingLibrary("Excel files are written with XlsxWriter: pip install XlsxWriter") from None
        names = records.columns(self.run_dir)
        if names:
            excel.write(xlsxwriter, Path(output_path), self.run_dir, names, include_charts)
        return bool(names)

    def to_parquet(self, output_path: str | os.PathLike[str]) -> bool:
        """Write a Parquet file with one row per record and the columns of the CSV.

        A column has integers, numbers, booleans or texts; mixed columns become texts.

        Returns:
            False if there is nothing to export.

        Raises:
            MissingLibrary: pyarrow is not installed.
            OSError: the journal cannot be read, or the file cannot be written.
        """
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise MissingLibrary("Parquet files are written with pyarrow: pip install pyarrow") from None
        names = records.columns(self.run_dir)
        if names:
            parquet.write(pyarrow, Path(output_path), self.run_dir, names)
        return bool(names)

    def to_tensorboard(self, output_dir: str | os.PathLike[str]) -> bool:
        """Write an event file with the numbers of every record at its step.

        Returns:
            False if there is nothing to export.

        Raises:
            OSError: the journal cannot be read, or the file cannot be written.
        """
        events = _events(self.run_dir)
        first = next(events, None)
        if first is None:
            return False
        tensorboard_events.write(Path(output_dir), chain([first], events))
        return True

    def generate_report(self, output_path: str | os.PathLike[str], format: str = "markdown") -> bool:
        """Write a report: names, status, summary and the range of each metric.

        Args:
            output_path: the file to write.
            format: "markdown" or "html".

        Raises:
            MissingLibrary: format is "pdf".
            ValueError: format is unknown.
            OSError: the journal cannot be read, or the file cannot be written.
        """
        if format == "pdf":
            raise MissingLibrary("PDF is not supported: export html, and print it to PDF.")
        if format not in FORMATS:
            raise ValueError(f"Format must be markdown or html, got {format!r}")
        text = report.markdown(self.run_dir) if format == "markdown" else report.html(self.run_dir)
        Path(output_path).write_text(text, encoding="utf-8")
        return True


def csv_lines(run_dir: Path, names: Sequence[str], include_metadata: bool = True) -> Iterator[str]:
    """Yield the lines of the CSV with their line ends.

    Args:
        run_dir: the folder of the run.
        names: the columns, from `records.columns`.
        include_metadata: whether to begin with comment lines (`#`).

    Raises:
        OSError: the journal cannot be read.
    """
    for line in _heading(run_dir) if include_metadata else ():
        yield _line([f"# {line}".rstrip()])
    yield _line(names)
    for record in metric_records(run_dir):
        yield _line([_text(record.get(name)) for name in names])


def _heading(run_dir: Path) -> list[str]:
    meta = layout.read_json(run_dir / layout.META)[0]
    fields = [("Project", "project"), ("Experiment", "name"), ("Run ID", "id")]
    return [
        f"Runicorn Export - {time.strftime('%Y-%m-%dT%H:%M:%S')}",
        *(f"{label}: {_flat(meta.get(key, 'N/A'))}" for label, key in fields),
        "",
    ]


def _flat(value: Any) -> str:
    return " ".join(str(value).split())


def _line(cells: Sequence[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def _text(value: Any) -> Any:
    """Return numbers and texts unchanged, booleans as in JSON."""
    return str(value).lower() if isinstance(value, bool) else value


def _events(run_dir: Path) -> Iterator[bytes]:
    for record in metric_records(run_dir):
        scalars = {}
        for name, value in record.items():
            plain = float(value) if isinstance(value, bool) else number(value)
            if name not in FIRST_COLUMNS and plain is not None:
                scalars[name] = plain
        if scalars:
            yield tensorboard_events.event(*_place(record), scalars)


def _place(record: dict[str, Any]) -> tuple[float, int]:
    """Return time and step of a record; 0 if missing."""
    moment, step = number(record.get("time")), number(record.get("global_step", record.get("step")))
    return moment or 0.0, int(step) if step is not None and math.isfinite(step) else 0
