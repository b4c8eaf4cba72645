"""Media in event files: images, sounds, histograms, and curves of precision and recall.

A value is of an older kind with a field of its own (tensorflow/core/framework/summary.proto), or a tensor of a plugin, whose
name is in the first value of its tag. `SummaryWriter` of PyTorch writes both.
"""

from __future__ import annotations

import struct
from typing import Any

from runicorn_importers.experiment import Media, as_histogram, as_table
from runicorn_importers.formats import protobuf

PNG, JPEG, GIF, WAV = b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"
SUFFIXES = ((PNG, "png"), (JPEG, "jpg"), (GIF, "gif"), (WAV, "wav"))
FLOAT, DOUBLE, STRING = 1, 2, 7
"""Data types of tensorflow/core/framework/types.proto."""
UNBOUNDED = 1e300
PRECISION, RECALL = 4, 5
"""Rows of the tensor of the plugin `pr_curves`."""


def plugin(value: bytes) -> str:
    """Return the name of the plugin of a value: Value.metadata.plugin_data.plugin_name."""
    return protobuf.text(protobuf.first(protobuf.first(value, 9), 1), 1)


def media(tag: str, step: int, time: float, value: bytes, name: str) -> list[Media]:
    """Return the media of a value; empty if it has none.

    Args:
        tag, step, time: of the media.
        value: a `Summary.Value`.
        name: the plugin of its tag, or "".
    """
    tensor = protobuf.first(value, 8)
    if histogram := protobuf.first(value, 5):
        return [_histogram(tag, step, time, histogram)]
    if name == "histograms":
        rows = _rows(tensor, 3)
        if not rows:
            return []
        edges = [rows[0][0], *(right for _, right, _ in rows)]
        return [as_histogram(tag, step, time, edges, [count for _, _, count in rows])]
    if name == "pr_curves":
        numbers = _numbers(tensor)
        count = len(numbers) // 6
        rates = (numbers[row * count : (row + 1) * count] for row in (PRECISION, RECALL))
        curve = [[n / max(1, count - 1), *pair] for n, pair in enumerate(zip(*rates, strict=True))]
        return [as_table(tag, step, time, curve, ["threshold", "precision", "recall"])]
    contents = [protobuf.first(protobuf.first(value, 4), 4), protobuf.first(protobuf.first(value, 6), 4)]
    if protobuf.integer(tensor, 1) == STRING:
        contents += protobuf.every(tensor, 8)
    return [Media(tag, step, time, content, suffix) for content in contents if (suffix := _suffix(content))]


def texts(value: bytes) -> list[str]:
    return [text.decode("utf-8", "replace") for text in protobuf.every(protobuf.first(value, 8), 8)]


def _suffix(content: bytes) -> str:
    return next((suffix for begin, suffix in SUFFIXES if content.startswith(begin)), "")


def _histogram(tag: str, step: int, time: float, message: bytes) -> Media:
    """Return a `HistogramProto`: each limit is the upper edge of a bucket, the outer ones may be unbounded."""
    low, high = (protobuf.double(protobuf.first(message, number)) for number in (1, 2))
    limits, counts = (_doubles(message, number) for number in (6, 7))
    if not counts:
        return as_histogram(tag, step, time, [0.0], [])
    limits = [min(max(limit, low), high) if abs(limit) > UNBOUNDED else limit for limit in limits]
    return as_histogram(tag, step, time, [min(low, limits[0]), *limits], counts)


def _doubles(message: bytes, number: int) -> list[float]:
    """Return a repeated field of type double, packed or not."""
    packed = b"".join(protobuf.every(message, number))
    return list(struct.unpack(f"<{len(packed) // 8}d", packed[: len(packed) // 8 * 8]))


def _numbers(tensor: bytes) -> list[float]:
    """Return the numbers of a `TensorProto`, as its content or as a list."""
    kind, content = protobuf.integer(tensor, 1), protobuf.first(tensor, 4)
    if kind == DOUBLE:
        return list(struct.unpack(f"<{len(content) // 8}d", content)) if content else _doubles(tensor, 6)
    content = content or b"".join(protobuf.every(tensor, 5))
    return list(struct.unpack(f"<{len(content) // 4}f", content[: len(content) // 4 * 4]))


def _rows(tensor: bytes, width: int) -> list[list[Any]]:
    numbers = _numbers(tensor)
    return [numbers[n : n + width] for n in range(0, len(numbers) // width * width, width)]
