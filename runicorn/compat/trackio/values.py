"""`trackio.Image` and the other types of values that are stored as files."""

from __future__ import annotations

from typing import Any

from runicorn.compat.media import Media, attempt, encode_file, store_table
from runicorn.compat.wandb import data_types
from runicorn.compat.wandb.table import Table as WandbTable
from runicorn.media.trace_rows import trace_rows
from runicorn.tracking.run import Run


class Image(data_types.Image):
    """An image: a path, an array, or a Pillow image."""

    def __init__(self, value: Any, caption: str | None = None) -> None:
        super().__init__(value, caption=caption)


class Video(data_types.Video):
    """A video: a path, or an array (time, channel, height, width)."""

    def __init__(
        self, value: Any, caption: str | None = None, fps: int | None = None, format: str | None = None
    ) -> None:
        super().__init__(value, caption, fps, format)


class Audio(data_types.Audio):
    """A sound: a path, or samples with their rate."""

    def __init__(
        self,
        value: Any,
        caption: str | None = None,
        sample_rate: int | None = None,
        format: str | None = None,
    ) -> None:
        super().__init__(value, sample_rate, caption)


class Html(data_types.Html):
    """A document."""

    def __init__(
        self, data: Any, inject: bool = True, data_is_not_path: bool = False, caption: str | None = None
    ) -> None:
        super().__init__(data, inject, data_is_not_path)
        self.caption = caption


class Object3D(data_types.Object3D):
    """A point cloud or a mesh."""

    def __init__(self, path_or_array: Any, caption: str | None = None) -> None:
        super().__init__(path_or_array, caption)


class Histogram(data_types.Histogram):
    """A histogram of numbers, or of counts and edges."""


class Markdown(Media):
    """A text in Markdown."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self._encoded = attempt(encode_file, str(text).encode("utf-8", "replace"), "md")

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Table(WandbTable):
    """Rows under named columns."""

    _foreign_name = "trackio.Table"

    def __init__(
        self,
        columns: list[Any] | None = None,
        data: Any = None,
        dataframe: Any = None,
        rows: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(columns=columns, data=data, rows=rows, dataframe=dataframe)


class Trace(Media):
    """A conversation, stored as a table with a row for each message.

    Attributes:
        messages, metadata, spans: as in Trackio.
    """

    def __init__(
        self,
        messages: list[dict[str, Any]],
        metadata: dict[str, Any] | None = None,
        spans: list[dict[str, Any]] | None = None,
    ) -> None:
        self.messages, self.metadata, self.spans = list(messages), dict(metadata or {}), list(spans or ())

    def store(self, run: Run, key: str, step: int | None, moment: float | None = None) -> None:
        rows = trace_rows(self.messages, self.metadata, self.spans)
        store_table(run, key, rows, None, step, moment)
