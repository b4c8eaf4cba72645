"""`wandb.Image` and the other types of values that are stored as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runicorn.compat import media
from runicorn.compat.empty_modules import names_of
from runicorn.compat.media import Media
from runicorn.compat.wandb.table import Table
from runicorn.tracking.run import Run


class Image(Media):
    """An image: a path, an array, a tensor, a Pillow image, or a figure. Boxes and masks are not drawn."""

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Any = None,
        masks: Any = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        self.caption = caption
        self.boxes, self.masks, self.classes = boxes, masks, classes
        self._encoded: tuple[bytes, str]
        if isinstance(data_or_path, Image):
            self._encoded = data_or_path._encoded
            self.caption = caption or data_or_path.caption
        else:  # at once: the script may change the array afterwards
            self._encoded = media.attempt(media.encode_image, data_or_path, file_type)

    def encode(self) -> tuple[bytes, str]:
        return self._encoded

    @property
    def image(self) -> Any:
        import io

        from PIL import Image as Pillow

        return Pillow.open(io.BytesIO(self._encoded[0]))


class Video(Media):
    """A video: a path, an open file, or an array (time, channel, height, width), which becomes a GIF."""

    def __init__(
        self, data_or_path: Any, caption: str | None = None, fps: int | None = None, format: str | None = None
    ) -> None:
        self.caption = caption
        is_array = hasattr(data_or_path, "shape")
        self._encoded = (
            media.attempt(media.encode_frames, data_or_path, fps)
            if is_array
            else media.attempt(media.encode_file, data_or_path, format or "mp4")
        )

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Audio(Media):
    """A sound: a path, or samples with their rate, which become a WAV file."""

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None) -> None:
        self.caption = caption
        is_file = isinstance(data_or_path, (str, bytes, Path)) or hasattr(data_or_path, "read")
        self._encoded = (
            media.attempt(media.encode_file, data_or_path, "wav")
            if is_file
            else media.attempt(media.encode_sound, data_or_path, sample_rate or 44100)
        )

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Html(Media):
    """A document: text, a path that ends in `.html`, or an open file."""

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        is_path = isinstance(data, Path) or (isinstance(data, str) and data.lower().endswith(".html"))
        if is_path and not data_is_not_path:
            data = Path(data).read_text(encoding="utf-8")
        self.html = data.read() if hasattr(data, "read") else str(data)

    def encode(self) -> tuple[bytes, str]:
        return self.html.encode("utf-8", "replace"), "html"


class Plotly(Media):
    """A chart: a Plotly figure, stored as JSON, or a Matplotlib figure, stored as an image."""

    def __init__(self, val: Any) -> None:
        if hasattr(val, "to_json"):
            self._encoded: tuple[bytes, str] = str(val.to_json()).encode(), "plotly.json"
        else:
            self._encoded = media.attempt(media.encode_image, val)

    @classmethod
    def make_plot_media(cls, val: Any) -> Plotly:
        return cls(val)

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Object3D(Media):
    """A point cloud or a mesh: a path, an open file, an array, or a scene."""

    def __init__(self, data_or_path: Any, caption: str | None = None, **options: Any) -> None:
        self.caption = caption
        is_file = isinstance(data_or_path, (str, Path)) or hasattr(data_or_path, "read")
        suffix = str(options.get("file_type") or "obj")
        content = media.attempt(media.encode_file if is_file else _points, data_or_path, suffix)
        self._encoded = content

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Object3D:
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Object3D:
        return cls(data)

    @classmethod
    def from_point_cloud(cls, points: Any, *others: Any, **options: Any) -> Object3D:
        """Return a point cloud; boxes and vectors are not stored."""
        return cls(points)

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Molecule(Media):
    """A molecule: a path or an open file of a chemical format."""

    def __init__(self, data_or_path: Any, caption: str | None = None, **options: Any) -> None:
        self.caption = caption
        kind = str(options.get("file_type") or "pdb")
        self._encoded = media.attempt(media.encode_file, data_or_path, kind)

    @classmethod
    def from_smiles(cls, data: str, caption: str | None = None, **options: Any) -> Molecule:
        return cls(data.encode(), caption, file_type="smi")

    def encode(self) -> tuple[bytes, str]:
        return self._encoded


class Histogram(Media):
    """A histogram of numbers, or of counts and edges as `numpy.histogram` returns them."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        self._sequence, self._bins = sequence, num_bins
        self.histogram: Any = np_histogram[0] if np_histogram else None
        self.bins: Any = np_histogram[1] if np_histogram else None

    def store(self, run: Run, key: str, step: int | None, moment: float | None = None) -> None:
        if self.bins is not None:
            media.store_bins(run, key, self.bins, self.histogram, step, moment)
        else:
            media.store_histogram(run, key, self._sequence, self._bins, step, moment)


def _points(value: Any, suffix: str) -> tuple[bytes, str]:
    return media.encode_json(value)[0], "pts.json"


def read_back(path: Path) -> Any:
    """Return a table or an image of an artifact's file."""
    if path.name.endswith(".table.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        return Table(columns=content["columns"], data=content["data"])
    return Image(path)


__getattr__ = names_of("wandb.data_types", "runicorn.compat.wandb")
