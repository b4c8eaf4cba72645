"""Answers as a stream of Arrow, for clients that accept it (https://arrow.apache.org/docs/format/Columnar.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.settings import api_settings

from runicorn.json_value import JsonObject
from runicorn_site.web.arrow_accept import MEDIA_TYPE
from runicorn_site.web.uniform import uniform

Columns = dict[str, list[Any]]
View = TypeVar("View", bound=Callable[..., Any])


def as_arrow(columns: Callable[[Any], Columns]) -> Callable[[View], View]:
    """Let a view of the API answer with Arrow, too.

    Args:
        columns: makes the columns of the answer from its JSON values.
    """

    def declare(view: View) -> View:
        renderers = [*api_settings.DEFAULT_RENDERER_CLASSES, _renderer(columns)]
        view.cls.renderer_classes = renderers  # type: ignore[attr-defined]
        return view

    return declare


def _renderer(columns: Callable[[Any], Columns]) -> type[BaseRenderer]:
    class ArrowRenderer(BaseRenderer):
        media_type = MEDIA_TYPE
        format = "arrow"
        charset = None
        render_style = "binary"

        def render(
            self,
            data: Any,
            accepted_media_type: str | None = None,
            renderer_context: Mapping[str, Any] | None = None,
        ) -> bytes:
            response = (renderer_context or {})["response"]
            # Parts of an answer may be JSON already.
            renderers: Any = api_settings.DEFAULT_RENDERER_CLASSES
            json = renderers[0]().render(data)
            if response.status_code != 200:
                response["Content-Type"] = "application/json"
                return bytes(json)
            return stream(columns(orjson.loads(json)))

    return ArrowRenderer


def stream(columns: Columns) -> bytes:
    """Return columns as an Arrow stream of one batch.

    Raises:
        NotAcceptable: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise NotAcceptable("This server has no pyarrow.") from error
    table = pa.table({name: uniform(values) for name, values in columns.items()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def rows_of_runs(page: Mapping[str, Any]) -> Columns:
    """Return a page of experiments as columns: fields, and of `details=true` `config.…`, `summary.…` and `metric.…`."""
    rows = [_row(run) for run in page["experiments"]]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def points_of_series(answer: Mapping[str, Any]) -> Columns:
    """Return series as columns `id` (of several runs), `name`, `x`, `y` and, for texts, `text`; a row a point."""
    several = any("id" in series for series in answer["series"])
    columns: Columns = {**({"id": []} if several else {}), "name": [], "x": [], "y": [], "text": []}
    for series in answer["series"]:
        values = list(series["y"])
        for index, word in series.get("special") or ():
            values[index] = float(word)
        labels = series.get("labels")
        columns["name"] += [series["name"]] * len(values)
        columns["x"] += series["x"]
        columns["y"] += [None] * len(values) if labels else values
        columns["text"] += [labels[int(v)] if labels and v is not None else None for v in values]
        if several:
            columns["id"] += [series["id"]] * len(values)
    return columns


def _row(run: Mapping[str, Any]) -> JsonObject:
    row = {key: value for key, value in run.items() if key not in ("config", "summary", "metric_values")}
    for part in ("config", "summary"):
        row |= {f"{part}.{key}": value for key, value in (run.get(part) or {}).items()}
    for name, values in (run.get("metric_values") or {}).items():
        special, text = values["last_special"], values.get("last_text")
        last = values["last"] if special is None else float(special)
        row[f"metric.{name}.last"] = last if text is None else text
        row[f"metric.{name}.best"] = values["best"]
    return row
