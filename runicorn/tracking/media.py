"""Files of a run under `media/`, and their events in its journal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

from runicorn.store import descriptor_reserve, layout, values
from runicorn.store.journal import encode
from runicorn.store.run_folder import RunFolder
from runicorn.tracking.records import whole_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUFFIXES = r"[A-Za-z0-9]{1,16}(\.[A-Za-z0-9]{1,16}){0,2}"


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


def write_value(
    folder: RunFolder,
    kind: str,
    key: object,
    encode_value: Callable[[], tuple[bytes, str]],
    step: int | None,
    moment: float | None = None,
    **more: Any,
) -> str:
    """Write what `encode_value` returns, content and suffix; a value that it rejects is reported once."""
    images = descriptor_reserve.load("runicorn.media.images")
    name = values.text_of(key)
    try:
        content, suffix = encode_value()
        if not re.fullmatch(SUFFIXES, suffix):
            raise ValueError(f"invalid suffix {suffix!r}: it must be letters and digits, like 'mp4'")
    except (images.NotAnImage, *values.REFUSALS) as error:
        reason = values.text_of(error) or type(error).__name__
        folder.notices.once(f"{kind} {name}", f"the {kind} {name!r} was not stored: {reason.rstrip('.')}.")
        return ""
    return write_file(folder, kind, name, content, suffix, step, moment, **more)


def write_image(
    folder: RunFolder, key: str, image: Any, step: int | None, caption: str | None, format: str, quality: int
) -> str:
    """Write an image, encoded if necessary; see `Run.log_image`."""
    images = descriptor_reserve.load("runicorn.media.images")

    def content() -> tuple[bytes, str]:
        encoded: tuple[bytes, str] = images.encode(image, images.check_format(format), quality)
        return encoded

    return write_value(folder, "image", key, content, step, caption=_words(caption))


def write_any_file(
    folder: RunFolder,
    kind: str,
    key: str,
    content: Any,
    suffix: str | None,
    step: int | None,
    moment: float | None,
    **more: Any,
) -> str:
    """Write a file of bytes, a path or an open file; see `Run.log_file`."""
    files = descriptor_reserve.load("runicorn.media.files")

    def read() -> tuple[bytes, str]:
        data, own = files.read(content, "bin")
        return data, str(suffix or own).lstrip(".")

    return write_value(folder, values.text_of(kind), key, read, step, moment, **more)


def write_audio(
    folder: RunFolder,
    key: str,
    audio: Any,
    step: int | None,
    caption: str | None,
    sample_rate: int,
    format: str,
) -> str:
    """Write a sound; see `Run.log_audio`."""
    files, sounds = (descriptor_reserve.load(f"runicorn.media.{name}") for name in ("files", "sounds"))

    def content() -> tuple[bytes, str]:
        encoded: tuple[bytes, str] = (
            files.read(audio, format) if files.is_file(audio) else sounds.encode(audio, sample_rate)
        )
        return encoded

    return write_value(folder, "audio", key, content, step, caption=_words(caption))


def write_video(
    folder: RunFolder,
    key: str,
    video: Any,
    step: int | None,
    caption: str | None,
    fps: float | None,
    format: str,
) -> str:
    """Write a video; see `Run.log_video`."""
    files, videos = (descriptor_reserve.load(f"runicorn.media.{name}") for name in ("files", "videos"))

    def content() -> tuple[bytes, str]:
        encoded: tuple[bytes, str] = (
            files.read(video, format) if files.is_file(video) else videos.encode(video, fps)
        )
        return encoded

    return write_value(folder, "video", key, content, step, caption=_words(caption))


def write_table(
    folder: RunFolder, key: str, rows: Any, columns: Iterable[Any] | None, step: int | None
) -> str:
    """Write a table; see `Run.log_table`."""
    tables = descriptor_reserve.load("runicorn.media.tables")
    return write_value(
        folder, "table", key, lambda: (tables.encode(tables.table(rows, columns)), tables.SUFFIX), step
    )


def write_histogram(folder: RunFolder, key: str, numbers: Any, step: int | None, bins: int) -> str:
    """Write a histogram; see `Run.log_histogram`."""
    tables = descriptor_reserve.load("runicorn.media.tables")
    histograms = descriptor_reserve.load("runicorn.media.histograms")
    return write_value(
        folder,
        "histogram",
        key,
        lambda: (tables.encode(histograms.histogram(numbers, bins)), tables.HISTOGRAM_SUFFIX),
        step,
    )


def _words(caption: object) -> str | None:
    return None if caption is None else values.text_of(caption)
