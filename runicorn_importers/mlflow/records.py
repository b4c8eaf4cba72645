"""Traces and datasets of an MLflow run as tables.

Formats: mlflow/entities/span.py (version 3, and the names of version 2) and mlflow/entities/dataset.py of
https://github.com/mlflow/mlflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from runicorn_importers.experiment import Media, as_table

SOURCE_RUN = "mlflow.sourceRun"
CONTEXT = "mlflow.data.context"


class Trace(NamedTuple):
    """A trace of a run.

    Attributes:
        name: that of its first span, or "".
        time: Unix seconds; None if not recorded.
        spans: as MLflow stores them.
    """

    name: str
    time: float | None
    spans: list[Any]

    def media(self) -> Media:
        rows = [_row(span) for span in self.spans if isinstance(span, dict)]
        name = self.name or next((row["span"] for row in rows if not row["parent"]), "trace")
        return as_table(f"traces/{name}", 0, self.time, rows)


def _row(span: dict[str, Any]) -> dict[str, Any]:
    attributes = span.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    status = span.get("status")
    begin, end = (span.get(f"{name}_time_unix_nano", span.get(f"{name}_time")) for name in ("start", "end"))
    duration = (end - begin) / 1e6 if isinstance(begin, int) and isinstance(end, int) else None
    return {
        "span": span.get("name"),
        "id": span.get("span_id"),
        "parent": span.get("parent_span_id", span.get("parent_id")),
        "status": status.get("code") if isinstance(status, dict) else span.get("status_code"),
        "milliseconds": duration,
        "inputs": attributes.get("mlflow.spanInputs"),
        "outputs": attributes.get("mlflow.spanOutputs"),
        "attributes": {key: value for key, value in attributes.items() if key not in _SHOWN} or None,
        "events": span.get("events") or None,
    }


_SHOWN = ("mlflow.spanInputs", "mlflow.spanOutputs")


def spans_in(text: str | bytes) -> list[Any]:
    """Return the spans in the content of `traces.json`.

    Raises:
        ValueError: it is not JSON.
    """
    value = json.loads(text)
    spans = value.get("spans") if isinstance(value, dict) else None
    return spans if isinstance(spans, list) else []


def dataset_table(datasets: Iterable[dict[str, Any]], time: float | None) -> list[Media]:
    """Return the table of the datasets of a run; nothing without any."""
    columns = ("name", "digest", "context", "source_type", "source", "schema", "profile")
    rows = [{column: dataset.get(column) for column in columns} for dataset in datasets]
    return [as_table("datasets", 0, time, rows, columns)] if rows else []
