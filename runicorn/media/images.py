"""Images encoded as bytes: from bytes, files, Pillow, numpy, torch and jax arrays, and matplotlib figures."""

from __future__ import annotations

import io
import os
import re
import struct
import time
from pathlib import Path
from typing import Any
from zlib import compress, crc32

from runicorn.store.values import REFUSALS

SUFFIX = re.compile(r"[a-z0-9]{1,5}")
UNSAFE = re.compile(r"[^\w.-]+")
KEY_BYTES = 120
CHANNELS = (1, 3, 4)


class NotAnImage(Exception):
    """The value has a supported type, but cannot be converted to an image."""


def check_format(name: str) -> str:
    """Return the format in lower case.

    Raises:
        ValueError: it is not valid as a file suffix.
    """
    lower = str(name).lower()
    if not SUFFIX.fullmatch(lower):
        raise ValueError(f"Invalid image format {name!r}: it must be 1 to 5 letters or digits, like 'png'.")
    return lower


def file_name(key: str, suffix: str) -> str:
    """Return a new file name below `media/` with time and key, always a single path component."""
    safe = UNSAFE.sub("_", key).strip("._").encode("utf-8", "replace")[:KEY_BYTES].decode("utf-8", "ignore")
    return f"{time.time_ns() // 1_000_000}_{os.urandom(3).hex()}_{safe or 'image'}.{suffix}"


def describe(content: bytes) -> dict[str, Any]:
    """Return size and CRC-32 of a file's content for the journal, used by `runicorn fsck`."""
    return {"size": len(content), "crc32": f"{crc32(content):08x}"}


def encode(image: Any, suffix: str, quality: int) -> tuple[bytes, str]:
    """Return the encoded image and its suffix; a file is copied unchanged and keeps its suffix.

    Args:
        image: bytes, a path, a Pillow image, an array (height, width[, 1, 3 or 4]; channels may come first), a figure.
        suffix: format to encode to, unless the bytes are kept.
        quality: 1-100, for lossy formats.

    Raises:
        TypeError: the type is not supported.
        NotAnImage: it cannot be encoded in that format.
    """
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image), suffix
    if isinstance(image, (str, os.PathLike)):
        return _from_file(Path(image), suffix)
    if callable(getattr(image, "savefig", None)):
        return _from_figure(image, suffix, quality), suffix
    if callable(getattr(image, "save", None)) and hasattr(image, "mode"):
        return _from_pillow(image, suffix, quality), suffix
    if hasattr(image, "__array__") or hasattr(image, "detach"):
        return _from_array(image, suffix, quality), suffix
    raise TypeError(
        f"A {type(image).__name__} is not an image: pass bytes, a path, a Pillow image, an array or a figure."
    )


def _from_file(path: Path, suffix: str) -> tuple[bytes, str]:
    if not path.exists():
        raise FileNotFoundError(f"Image file not found: {path}")
    own = path.suffix.lower().lstrip(".")
    return path.read_bytes(), own if SUFFIX.fullmatch(own) else suffix


def _from_figure(figure: Any, suffix: str, quality: int) -> bytes:
    content = io.BytesIO()
    options = {"pil_kwargs": {"quality": quality}} if suffix in ("jpg", "jpeg", "webp") else {}
    try:
        figure.savefig(content, format=suffix, **options)
    except (*REFUSALS, OSError) as error:
        raise NotAnImage(str(error)) from error
    return content.getvalue()


def _from_pillow(image: Any, suffix: str, quality: int) -> bytes:
    content = io.BytesIO()
    kind = "JPEG" if suffix in ("jpg", "jpeg") else suffix.upper()
    try:
        if kind == "JPEG" and image.mode not in ("RGB", "L", "CMYK"):
            image = image.convert("RGB")
        image.save(content, format=kind, quality=quality)
    except (*REFUSALS, OSError) as error:  # Pillow has OSError for modes that a format cannot hold
        raise NotAnImage(str(error)) from error
    return content.getvalue()


def _from_array(image: Any, suffix: str, quality: int) -> bytes:
    try:
        pixels = _pixels(image)
    except REFUSALS as error:
        raise NotAnImage(str(error)) from error
    try:
        from PIL import Image
    except ImportError:
        if suffix == "png":
            return _png(pixels)
        raise NotAnImage(
            f"arrays are saved as {suffix} by Pillow, which is not installed (pip install pillow)"
        ) from None
    return _from_pillow(Image.fromarray(pixels), suffix, quality)


def _png(pixels: Any) -> bytes:
    """Encode pixels of shape (height, width[, 3 or 4]) as PNG (W3C, "PNG Specification", 5 and 11)."""
    import numpy as np

    height, width, *channels = pixels.shape
    color = {3: 2, 4: 6}[channels[0]] if channels else 0
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)  # 8 bits a channel, not interlaced
    lines = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))  # each line begins with its filter: 0, none
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in (b"IHDR", header), (b"IDAT", compress(lines.tobytes())), (b"IEND", b""):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))
    return content


def _pixels(image: Any) -> Any:
    """Return pixels of shape (height, width[, 3 or 4]) as bytes."""
    import numpy as np

    if hasattr(image, "detach"):  # torch: off the graph and the device first
        image = image.detach().cpu()
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[0] in CHANNELS and array.shape[2] not in CHANNELS:
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in CHANNELS):
        raise ValueError(f"an array of shape {array.shape} is not an image")
    return np.ascontiguousarray(_to_bytes(array))


def _to_bytes(array: Any) -> Any:
    """Scale 0-1, keep 0-255, and scale anything else from its lowest to its highest value. NaN becomes black."""
    import numpy as np

    if array.dtype == np.uint8:
        return array
    values = array.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    fractions = array.dtype.kind in "fb" and low >= 0 and high <= 1
    if fractions:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    with np.errstate(all="ignore"):
        scaled = (values - low) / ((high - low) or 1.0) * 255
    return np.nan_to_num(scaled, nan=0, posinf=255, neginf=0).clip(0, 255).round().astype(np.uint8)
