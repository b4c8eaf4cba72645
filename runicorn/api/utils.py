"""Metrics and runs as data frames and tables. Data frames need pandas, which is loaded when it is needed."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runicorn.api.client import RunicornClient
from runicorn.export.csv_safety import guarded

if TYPE_CHECKING:
    import pandas

TIMES = ("created_at", "updated_at", "started_at", "ended_at", "deleted_at")


def metrics_to_dataframe(metrics_data: Mapping[str, Any]) -> pandas.DataFrame:
    """What `get_metrics` answers as a data frame: a column `step`, then one for each metric, a row for each step.

    Metrics are aligned by step; where one has no value at a step the cell is NaN.

    Raises:
        ImportError: pandas is not installed.
    """
    pd = _pandas()
    header, rows = _table(metrics_data["metrics"])
    return pd.DataFrame(rows, columns=header)


def experiments_to_dataframe(experiments: Iterable[Mapping[str, Any]]) -> pandas.DataFrame:
    """A row for each run; the times become timestamps in UTC.

    Raises:
        ImportError: pandas is not installed.
    """
    pd = _pandas()
    frame = pd.DataFrame(list(experiments))
    for column in frame.columns.intersection(TIMES):
        frame[column] = pd.to_datetime(frame[column], unit="s", utc=True)
    return frame


def export_metrics_to_csv(
    client: RunicornClient,
    run_id: str,
    output_path: str | os.PathLike[str],
    metric_names: str | Sequence[str] | None = None,
) -> str:
    """Write the metrics of a run as CSV: `step`, then a column for each metric, a line for each step.

    A text that a spreadsheet would take for a formula gets a leading `'`.

    Returns:
        The path of the file.

    Raises:
        RunicornAPIError: the metrics could not be fetched; nothing is written then.
        OSError: the file could not be written.
    """
    header, rows = _table(client.get_metrics(run_id, metric_names)["metrics"])
    with open(output_path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([guarded(cell) for cell in row] for row in (header, *rows))
    return os.fspath(output_path)


def compare_runs(client: RunicornClient, run_ids: Iterable[str], metric_name: str) -> pandas.DataFrame:
    """One metric of several runs: a column `step`, then one for each run under its id, aligned by step.

    A run without the metric has a column without a value.

    Raises:
        ImportError: pandas is not installed.
        RunicornAPIError: the metrics of a run could not be fetched.
    """
    pd = _pandas()
    curves = {
        run_id: client.get_metrics(run_id, [metric_name])["metrics"].get(metric_name, [])
        for run_id in dict.fromkeys(run_ids)
    }
    header, rows = _table(curves)
    return pd.DataFrame(rows, columns=header)


def _table(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[list[str], list[list[Any]]]:
    """Head and rows of a table of curves: every step that one of them has, ascending."""
    at = [{point["step"]: point["value"] for point in points} for points in curves.values()]
    steps = sorted(set().union(*at))
    return ["step", *curves], [[step, *(curve.get(step) for curve in at)] for step in steps]


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("Data frames need pandas: python -m pip install pandas") from error
    return pandas
