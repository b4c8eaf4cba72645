"""Methods of a run that store files under `media/`."""

from __future__ import annotations

from collections.abc import Iterable

from runicorn.store.run_folder import RunFolder
from runicorn.tracking import media

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MediaLog:
    """Log images, tables, histograms, sounds, videos and other files. A value that cannot be stored is reported once."""

    _folder: RunFolder

    def log_image(
        self,
        key: str,
        image: Any,
        step: int | None = None,
        caption: str | None = None,
        format: str = "png",
        quality: int = 90,
    ) -> str:
        """Store an image under `media/`.

        Args:
            key: name; images with the same key are a series.
            image: bytes or a file (stored unchanged), a Pillow image, an array (numpy, torch, jax; numbers 0-1 or
                0-255, others scaled from lowest to highest), or a matplotlib figure.
            step: step, independent of that of the metrics.
            caption: text shown with it.
            format: format for images that are encoded here: "png", "jpg", "webp", …
            quality: 1-100, for lossy formats.

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._logged(media.write_image(self._folder, key, image, step, caption, format, quality))

    def log_table(
        self, key: str, rows: Any, columns: Iterable[Any] | None = None, step: int | None = None
    ) -> str:
        """Store a table under `media/`; its format is described at `runicorn.media.tables.table`.

        Args:
            key: name; tables with the same key are a series.
            rows: a list of dicts or of lists, a dict of columns, a two-dimensional array, a data frame.
            columns: names and order of the columns; by default those of the rows.
            step: step, independent of that of the metrics.

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._logged(media.write_table(self._folder, key, rows, columns, step))

    def log_histogram(self, key: str, values: Any, step: int | None = None, bins: int = 64) -> str:
        """Store a histogram of values under `media/`; its format is described at `runicorn.media.histograms`.

        Args:
            key: name; histograms with the same key are a series.
            values: a tensor, an array, or nested lists of numbers, of any shape.
            step: step, independent of that of the metrics.
            bins: number of bins of equal width, 1 to 1024.

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._logged(media.write_histogram(self._folder, key, values, step, bins))

    def log_file(
        self,
        kind: str,
        key: str,
        content: Any,
        suffix: str | None = None,
        step: int | None = None,
        moment: float | None = None,
        **more: Any,
    ) -> str:
        """Store a file under `media/`.

        Args:
            kind: type of its event in the journal, such as "image".
            key: name; files with the same key are a series.
            content: bytes, a path, or an open file.
            suffix: its suffix without the dot; by default that of the path.
            step: step, independent of that of the metrics.
            moment: Unix seconds; by default now.
            **more: further fields of the event, such as `caption`.

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        medium = media.write_any_file(self._folder, kind, key, content, suffix, step, moment, **more)
        return self._logged(medium)

    def log_audio(
        self,
        key: str,
        audio: Any,
        step: int | None = None,
        caption: str | None = None,
        sample_rate: int = 44100,
        format: str = "wav",
    ) -> str:
        """Store a sound under `media/`.

        Args:
            key: name; sounds with the same key are a series.
            audio: a path, bytes or an open file (stored unchanged), or samples as a list, an array or a tensor: floats
                from -1 to 1 or 16-bit integers, of shape (time,) or (time, channel), which become a WAV file.
            step: step, independent of that of the metrics.
            caption: text shown with it.
            sample_rate: samples per second, for samples.
            format: suffix of bytes: "wav", "mp3", "ogg", …

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._logged(media.write_audio(self._folder, key, audio, step, caption, sample_rate, format))

    def log_video(
        self,
        key: str,
        video: Any,
        step: int | None = None,
        caption: str | None = None,
        fps: float | None = None,
        format: str = "mp4",
    ) -> str:
        """Store a video under `media/`.

        Args:
            key: name; videos with the same key are a series.
            video: a path, bytes or an open file (stored unchanged), or frames as an array (time, channel, height, width)
                or a list of arrays or Pillow images, which become a GIF if numpy and Pillow are installed.
            step: step, independent of that of the metrics.
            caption: text shown with it.
            fps: frames per second, for frames; 4 by default.
            format: suffix of bytes: "mp4", "webm", …

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._logged(media.write_video(self._folder, key, video, step, caption, fps, format))

    def _logged(self, path: str) -> str:
        if path:
            self._notice_when_ended()
        return path

    def _notice_when_ended(self) -> None:
        raise NotImplementedError
