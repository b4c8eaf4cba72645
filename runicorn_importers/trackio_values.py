"""Values of Trackio with a type: images and other files, tables, histograms, texts and traces.

Format: `_to_dict` of the classes in https://github.com/gradio-app/trackio; files are below `media/` beside the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.media.images import SUFFIX
from runicorn.media.trace_rows import trace_rows
from runicorn_importers.experiment import DAMAGED, Media, as_histogram, as_table
from runicorn_importers.sample_rows.tables import table_samples, trace_sample

PREFIX = "trackio."
MEDIA = "media"


class Logged(NamedTuple):
    """A value as it was logged."""

    key: str
    step: int
    time: float | None
    value: Any


def is_typed(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("_type", "")).startswith(PREFIX)


def media_of(logged: Logged, store: Path, omissions: list[str]) -> Iterator[Media]:
    """Yield the media of a value that is neither a number nor a text, and name what cannot be imported.

    Args:
        store: the folder of the database.
        left: receives the messages.
    """
    key, step, time, value = logged
    if isinstance(value, list) and value and all(map(is_typed, value)):
        for item in value:
            yield from media_of(logged._replace(value=item), store, omissions)
        return
    try:
        if not is_typed(value):
            omissions.append(f"{key!r} is neither a number nor a text and was not imported.")
        elif "file_path" in value:
            yield from _file(logged, store, omissions)
        elif value["_type"] == "trackio.histogram" and value["bins"]:
            yield as_histogram(key, step, time, value["bins"], value["values"])
        elif value["_type"] == "trackio.markdown":
            yield Media(key, step, time, str(value["_value"]).encode("utf-8", "replace"), "md")
        elif value["_type"] == "trackio.table":
            rows = [_named(row) for row in value["_value"]]
            columns = list(dict.fromkeys(column for row in rows for column in row))
            cells = [[row.get(column) for column in columns] for row in rows]
            yield as_table(key, step, time, rows, samples=table_samples(columns, cells, step, time))
            yield from _nested(logged, value["_value"], store, omissions)
        elif value["_type"] == "trackio.trace":
            parts = value["messages"], value.get("metadata") or {}, value.get("spans") or []
            trace = trace_sample(*parts, step, time)
            yield as_table(key, step, time, trace_rows(*parts), samples=[] if trace is None else [trace])
            yield from _nested(logged, list(parts), store, omissions)
        else:
            omissions.append(f"{key!r} ({value['_type']}) was not imported.")
    except DAMAGED as error:
        omissions.append(f"{key!r} at step {step} is damaged and was not imported: {error}.")


def _file(logged: Logged, store: Path, omissions: list[str]) -> Iterator[Media]:
    name, caption = str(logged.value["file_path"]), str(logged.value.get("caption") or "")
    path = (store / MEDIA / name).resolve()
    suffix = path.suffix.lower().lstrip(".")
    if not path.is_relative_to((store / MEDIA).resolve()) or not path.is_file():
        omissions.append(f"the file {name!r} of {logged.key!r} is missing and was not imported.")
    else:
        yield Media(
            logged.key, logged.step, logged.time, path, suffix if SUFFIX.fullmatch(suffix) else "bin", caption
        )


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of a table with the names of files in place of files."""
    return {
        column: Path(str(cell["file_path"])).name if is_typed(cell) and "file_path" in cell else cell
        for column, cell in row.items()
    }


def _nested(
    logged: Logged, value: Any, store: Path, omissions: list[str], field: str = "file"
) -> Iterator[Media]:
    """Yield the files within a table or a trace, under its key and the name of the column or field."""
    if is_typed(value) and "file_path" in value:
        yield from _file(logged._replace(key=f"{logged.key}/{field}", value=value), store, omissions)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _nested(logged, inner, store, omissions, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _nested(logged, inner, store, omissions, field)
