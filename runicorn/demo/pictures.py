"""Images of the demo, encoded as PNG with the standard library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from runicorn.demo.digits import PIXELS, SIDE, Floats

ZOOM = 5
GAP = 4
COLUMNS = 8
GREY = 96


def sheet(tiles: Floats) -> bytes:
    """Return a PNG with small images in rows.

    Args:
        tiles: pixels of shape (count, 64), each scaled from its lowest (black) to its highest (white) value. NaN is
            grey.
    """
    rows = -(-len(tiles) // COLUMNS)
    pitch = SIDE * ZOOM + GAP
    canvas = np.full((max(rows, 1) * pitch + GAP, COLUMNS * pitch + GAP), GREY, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (GAP + pitch * place for place in divmod(number, COLUMNS))
        pixels = _shades(tile).reshape(SIDE, SIDE).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        canvas[top : top + SIDE * ZOOM, left : left + SIDE * ZOOM] = pixels
    return png(canvas)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels of shape (height, width) as PNG: W3C, "PNG Specification", 5 and 11."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    lines = np.zeros((height, width + 1), np.uint8)  # every line begins with its filter: 0, none
    lines[:, 1:] = pixels
    chunks = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _shades(tile: Floats) -> NDArray[np.uint8]:
    if not np.isfinite(tile).all():
        return np.full(PIXELS, GREY, np.uint8)
    low, high = float(tile.min()), float(tile.max())
    shades: NDArray[np.uint8] = ((tile - low) / ((high - low) or 1) * 255).round().astype(np.uint8)
    return shades
