"""Metrics and runs as data frames and tables. pandas is imported on first use."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runicorn.api import paging
from runicorn.api.client import RunicornClient, connect
from runicorn.api.frames import metric_of_runs
from runicorn.store.csv_safety import guarded

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Unpack

    from runicorn.api import responses

TIMES = ("created_at", "updated_at", "started_at", "ended_at", "deleted_at")


def metrics_to_dataframe(metrics_data: Mapping[str, Any]) -> pandas.DataFrame:
    """Return the result of `get_metrics` as a data frame: a column `step`, then one per metric, one row per step.

    Metrics are aligned by step; missing values are NaN.

    Raises:
        ImportError: pandas is not installed.
    """
    pd = _pandas()
    header, rows = _table(metrics_data["metrics"])
    return pd.DataFrame(rows, columns=header)


def experiments_to_dataframe(experiments: Iterable[Mapping[str, Any]]) -> pandas.DataFrame:
    """Return a data frame with a row for each run; times are timestamps in UTC.

    Raises:
        ImportError: pandas is not installed.
    """
    pd = _pandas()
    frame = pd.DataFrame(list(experiments))
    for column in frame.columns.intersection(TIMES):
        frame[column] = pd.to_datetime(frame[column], unit="s", utc=True)
    return frame


def runs_frame(
    client: RunicornClient | None = None,
    project: str | None = None,
    name: str | None = None,
    status: str | Sequence[str] | None = None,
    **filters: Unpack[responses.Filters],
) -> pandas.DataFrame:
    """Return a data frame with a row for each matching run, newest first: a request for each thousand runs.

    Columns are the fields of the runs, `config.<key>`, `summary.<key>`, and `metric.<name>.last` and `.best` of each
    metric, NaN and infinities included. Times are timestamps in UTC.

    Args:
        client: the client; by default one of the viewer on this machine.
        project, name, status, filters: as for `RunicornClient.list_experiments`.

    Raises:
        ImportError: pandas is not installed.
        RunicornAPIError: the runs could not be fetched.
    """
    if client is None:
        with connect() as own:
            return runs_frame(own, project, name, status, **filters)
    query = {**paging.question(project, name, status, filters), "details": True}
    runs = paging.experiments(client._transport, query, paging.MOST)
    return experiments_to_dataframe(_row(run) for run in runs)


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    row = {key: value for key, value in run.items() if key not in ("config", "summary", "metric_values")}
    for part in ("config", "summary"):
        row |= {f"{part}.{key}": value for key, value in run.get(part, {}).items()}
    for name, values in run.get("metric_values", {}).items():
        special, text = values["last_special"], values.get("last_text")
        last = values["last"] if special is None else float(special)
        row[f"metric.{name}.last"] = last if text is None else text
        row[f"metric.{name}.best"] = values["best"]
    return row


def export_metrics_to_csv(
    client: RunicornClient,
    run_id: str,
    output_path: str | os.PathLike[str],
    metric_names: str | Sequence[str] | None = None,
) -> str:
    """Write the metrics of a run as CSV: `step`, then a column per metric, one line per step.

    Texts that a spreadsheet would run as formulas get a leading `'`.

    Returns:
        The path of the file.

    Raises:
        RunicornAPIError: the metrics could not be fetched; nothing was written.
        OSError: the file could not be written.
    """
    header, rows = _table(client.get_metrics(run_id, metric_names)["metrics"])
    with open(output_path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([guarded(cell) for cell in row] for row in (header, *rows))
    return os.fspath(output_path)


def compare_runs(client: RunicornClient, run_ids: Iterable[str], metric_name: str) -> pandas.DataFrame:
    """Return one metric of several runs: a column `step`, then one per run id, aligned by step.

    Runs are read 200 at a time. A run without the metric has an empty column; NaN and infinities are kept.

    Raises:
        ImportError: pandas is not installed.
        RunicornAPIError: the metrics of a run could not be fetched.
    """
    pd = _pandas()
    header, rows = _table(metric_of_runs(client, run_ids, metric_name))
    return pd.DataFrame(rows, columns=header)


def _table(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows of curves aligned by step, ascending."""
    at = [{point["step"]: point["value"] for point in points} for points in curves.values()]
    steps = sorted(set().union(*at))
    return ["step", *curves], [[step, *(curve.get(step) for curve in at)] for step in steps]


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("Data frames need pandas: python -m pip install pandas") from error
    return pandas
