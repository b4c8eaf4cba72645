"""Files of a run under `media/`, and their events in its journal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from runicorn.store import descriptor_reserve, layout
from runicorn.store.journal import encode
from runicorn.store.run_folder import RunFolder
from runicorn.tracking.records import whole_step


def write_file(
    folder: RunFolder,
    kind: str,
    key: object,
    content: bytes,
    suffix: str,
    step: int | None,
    moment: float | None = None,
    **more: Any,
) -> str:
    """Write a file and its event; return the path relative to the run's folder, or "" if that failed."""
    images = descriptor_reserve.load("runicorn.media.images")
    moment = moment or time.time()
    name = images.file_name(str(key), suffix)
    if not folder.write_media(name, content):
        return ""
    path = f"{layout.MEDIA}/{name}"
    integer_step = None if step is None else whole_step(step, folder.notices)
    data = {"key": str(key), "path": path, "step": integer_step, **images.describe(content), **more}
    folder.append(folder.events, encode(kind, data, moment))
    return path


def write_image(
    folder: RunFolder, key: str, image: Any, step: int | None, caption: str | None, format: str, quality: int
) -> str:
    """Write an image, encoded if necessary; see `Run.log_image`."""
    images = descriptor_reserve.load("runicorn.media.images")
    suffix = images.check_format(format)
    try:
        content, suffix = images.encode(image, suffix, quality)
    except images.NotAnImage as error:
        folder.notices.once(f"image {key}", f"the image {key!r} was not stored: {error}.")
        return ""
    words = None if caption is None else str(caption)
    return write_file(folder, "image", key, content, suffix, step, caption=words)


def write_table(
    folder: RunFolder, key: str, rows: Any, columns: Iterable[Any] | None, step: int | None
) -> str:
    """Write a table; see `Run.log_table`."""
    tables = descriptor_reserve.load("runicorn.media.tables")
    content = tables.encode(tables.table(rows, columns))
    return write_file(folder, "table", key, content, tables.SUFFIX, step)


def write_histogram(folder: RunFolder, key: str, values: Any, step: int | None, bins: int) -> str:
    """Write a histogram; see `Run.log_histogram`."""
    tables = descriptor_reserve.load("runicorn.media.tables")
    histograms = descriptor_reserve.load("runicorn.media.histograms")
    content = tables.encode(histograms.histogram(values, bins))
    return write_file(folder, "histogram", key, content, tables.HISTOGRAM_SUFFIX, step)
