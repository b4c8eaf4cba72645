"""Values of other trackers that are stored as files of a run: conversion of arrays, paths and figures to bytes."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.compat.guard import guarded
from runicorn.media import images
from runicorn.store import descriptor_reserve
from runicorn.store.values import jsonable
from runicorn.tracking.run import Run

GIF_FPS = 4


class Media:
    """A value that is stored under a key, with a caption.

    Attributes:
        caption: text shown with it.
    """

    caption: str | None = None

    def store(self, run: Run, key: str, step: int | None, moment: float | None = None) -> None:
        """Write its file and its event."""
        content, suffix = self.encode()
        if not suffix:
            return
        words = None if self.caption is None else str(self.caption)
        run.log_file("image", key, content, suffix, step, moment, caption=words)

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
    if isinstance(value, (bytes, bytearray)):
        return bytes(value), suffix
    if callable(getattr(value, "read", None)):
        content = value.read()
        name = str(getattr(value, "name", ""))
        return content if isinstance(content, bytes) else str(content).encode(), _suffix_of(name) or suffix
    return Path(value).read_bytes(), _suffix_of(os.fspath(value)) or suffix


def _suffix_of(path: str) -> str:
    name = Path(path).suffix.lower().lstrip(".")
    return name if images.SUFFIX.fullmatch(name) else ""


def encode_frames(frames: Any, fps: float | None = None) -> tuple[bytes, str]:
    """Return a GIF of frames (time, channel, height, width; or with a batch, whose videos are placed side by side)."""
    import numpy as np
    from PIL import Image

    array = np.asarray(frames.detach().cpu() if hasattr(frames, "detach") else frames)
    if array.ndim == 5:
        array = np.concatenate(list(array), axis=-1)
    if array.ndim != 4:
        raise ValueError(f"a video has 4 dimensions (time, channel, height, width), not {array.ndim}")
    if array.dtype != np.uint8:
        scaled = array * 255 if array.dtype.kind == "f" and array.max(initial=0) <= 1 else array
        array = scaled.clip(0, 255).astype(np.uint8)
    if array.shape[1] in images.CHANNELS:
        array = array.transpose(0, 2, 3, 1)
    pictures = [Image.fromarray(frame.squeeze(-1) if frame.shape[-1] == 1 else frame) for frame in array]
    content = io.BytesIO()
    duration = round(1000 / (fps or GIF_FPS))
    pictures[0].save(
        content, format="GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0
    )
    return content.getvalue(), "gif"


def encode_sound(samples: Any, sample_rate: int) -> tuple[bytes, str]:
    """Return a WAV file with 16 bits a sample, of numbers (time[, channel]) from -1 to 1, or of 16-bit integers."""
    import numpy as np

    array = np.asarray(samples.detach().cpu() if hasattr(samples, "detach") else samples)
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T
    if array.dtype.kind == "f":
        array = (array.clip(-1, 1) * 32767).round()
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1 if array.ndim == 1 else array.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(sample_rate))
        file.writeframes(array.clip(-32768, 32767).astype("<i2").tobytes())
    return content.getvalue(), "wav"


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
