"""Typed values of Weights & Biases: images, sounds, videos, documents, tables and histograms.

Format: the classes below wandb/sdk/data_types; an object with `_type`, and for files their `path` below the folder `files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path, PurePosixPath
from typing import Any

from runicorn import regular_file
from runicorn.media.images import SUFFIX
from runicorn_importers.experiment import Media, as_histogram, as_table
from runicorn_importers.sample_rows.tables import table_samples

TABLES = ("table-file", "incremental-table-file")
LISTS = ("videos", "audio", "html")
"""Fields of the types that hold several objects with a path."""
PLOTLY = ".plotly.json"


def media(files: Path, name: str, step: int, time: float | None, value: dict[str, Any]) -> list[Media]:
    """Return the media of a typed value; empty if the type is not known, or a file is missing.

    Args:
        files: the folder of the files of the run; paths outside of it are missing.
        name, step, time: of the media.
        value: the object.
    """
    kind = value.get("_type")
    try:
        if kind == "histogram":
            return [as_histogram(name, step, time, *_bins(value))]
        if kind in TABLES:
            return _table(_inside(files, value.get("path")), name, step, time)
    except (ValueError, TypeError, LookupError):
        return []
    media_files = [_file(files, name, step, time, path, caption) for path, caption in _paths(value)]
    return [file for file in media_files if file is not None] if None not in media_files else []


def _bins(value: dict[str, Any]) -> tuple[list[float], list[float]]:
    packed = value.get("packedBins")
    if packed:
        return [packed["min"] + n * packed["size"] for n in range(packed["count"] + 1)], value["values"]
    return value["bins"], value["values"]


def _table(path: Path | None, name: str, step: int, time: float | None) -> list[Media]:
    if path is None:
        return []
    content = json.loads(regular_file.read_bytes(path))
    rows = [[_cell(cell) for cell in row] for row in content["data"]]
    columns = content["columns"]
    return [as_table(name, step, time, rows, columns, table_samples(columns, rows, step, time))]


def _cell(value: Any) -> Any:
    """Return a cell of a table; a medium is its caption or the name of its file, which is in the artifact of the table."""
    if isinstance(value, dict) and "_type" in value:
        return (
            value.get("caption") or PurePosixPath(str(value.get("path") or "")).name or f"<{value['_type']}>"
        )
    return value


def _paths(value: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the path and the caption of each file of a value."""
    if "path" in value:
        yield value["path"], value.get("caption")
        return
    captions = value.get("captions") or repeat(None)
    names = value.get("filenames")
    if isinstance(names, list):
        folder = "" if value.get("_type") == "images/separated" else f"media/{value.get('_type')}/"
        yield from (
            (name if "/" in str(name) else f"{folder}{name}", about)
            for name, about in zip(names, captions, strict=False)
        )
    for field in LISTS:
        inner = value.get(field)
        if isinstance(inner, list):
            yield from (
                (item.get("path"), about or item.get("caption"))
                for item, about in zip(inner, captions, strict=False)
            )


def _file(files: Path, name: str, step: int, time: float | None, place: Any, caption: Any) -> Media | None:
    path = _inside(files, place)
    if path is None:
        return None
    suffix = path.suffix.lower().lstrip(".")
    if path.name.endswith(PLOTLY):
        suffix = PLOTLY[1:]
    elif not SUFFIX.fullmatch(suffix):
        suffix = "png"
    return Media(name, step, time, path, suffix, caption if isinstance(caption, str) else "")


def _inside(files: Path, place: Any) -> Path | None:
    """Return a file in the folder of the run; None for a path that is missing or leads outside."""
    folder = files.resolve()
    path = (folder / str(place)).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None
