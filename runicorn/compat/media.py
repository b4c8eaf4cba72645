"""Values of other trackers that are stored as files of a run: conversion of arrays, paths and figures to bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from runicorn.compat.guard import guarded
from runicorn.media import files, images, sounds, videos
from runicorn.store import descriptor_reserve
from runicorn.store.values import jsonable
from runicorn.tracking.run import Run


class Media:
    """A value that is stored under a key, with a caption.

    Attributes:
        caption: text shown with it.
    """

    caption: str | None = None

    def store(self, run: Run, key: str, step: int | None, moment: float | None = None) -> None:
        """Write its file and its event."""
        self.store_file(run, key, step, moment)

    def store_file(self, run: Run, key: str, step: int | None, moment: float | None = None) -> str:
        """Write its file and its event; return its path in the folder of the run, "" without one."""
        content, suffix = self.encode()
        if not suffix:
            return ""
        words = None if self.caption is None else str(self.caption)
        return run.log_file("image", key, content, suffix, step, moment, caption=words)

    def encode(self) -> tuple[bytes, str]:
        raise NotImplementedError


def attempt(encode: Callable[..., tuple[bytes, str]], *arguments: Any) -> tuple[bytes, str]:
    """Return the result of `encode`; without content and suffix if it failed, which is reported once."""
    with guarded(f"{type(arguments[0]).__name__} (by {encode.__name__})"):
        return encode(*arguments)
    return b"", ""


def encode_image(value: Any, suffix: str | None = None) -> tuple[bytes, str]:
    """Return an image as bytes: of a path, an array, a tensor, a Pillow image or a figure.

    Raises:
        ValueError: it cannot be encoded.
    """
    try:
        return images.encode(value, images.check_format(suffix or "png"), 90)
    except images.NotAnImage as error:
        raise ValueError(str(error)) from error


def encode_file(value: Any, suffix: str) -> tuple[bytes, str]:
    """Return the content of a path, of bytes, or of an open file."""
    return files.read(value, suffix)


def encode_frames(frames: Any, fps: float | None = None) -> tuple[bytes, str]:
    """Return a GIF of frames (time, channel, height, width)."""
    return videos.encode(frames, fps)


def encode_sound(samples: Any, sample_rate: int) -> tuple[bytes, str]:
    """Return a WAV file of samples."""
    return sounds.encode(samples, sample_rate)


def encode_json(value: Any) -> tuple[bytes, str]:
    """Return a value as JSON."""
    return json.dumps(jsonable(value), ensure_ascii=False, allow_nan=True).encode("utf-8", "replace"), "json"


def store_table(
    run: Run, key: str, rows: Any, columns: Any, step: int | None, moment: float | None = None
) -> None:
    tables = descriptor_reserve.load("runicorn.media.tables")
    content = tables.encode(tables.table(rows, columns))
    run.log_file("table", key, content, tables.SUFFIX, step, moment)


def store_histogram(
    run: Run, key: str, values: Any, bins: int, step: int | None, moment: float | None = None
) -> None:
    histograms = descriptor_reserve.load("runicorn.media.histograms")
    _keep_histogram(run, key, histograms.histogram(values, max(1, min(1024, bins))), step, moment)


def store_bins(
    run: Run, key: str, edges: Any, counts: Any, step: int | None, moment: float | None = None
) -> None:
    """Write a histogram that was counted elsewhere."""
    histograms = descriptor_reserve.load("runicorn.media.histograms")
    limits, numbers = [float(edge) for edge in edges], [int(count) for count in counts]
    _keep_histogram(run, key, histograms.of_bins(limits, numbers), step, moment)


def _keep_histogram(
    run: Run, key: str, content: dict[str, Any], step: int | None, moment: float | None
) -> None:
    tables = descriptor_reserve.load("runicorn.media.tables")
    run.log_file("histogram", key, tables.encode(content), tables.HISTOGRAM_SUFFIX, step, moment)
