"""Sounds encoded as WAV files by the standard library: from lists, numpy, torch and jax arrays."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

SAMPLE_RATE = 44100
PEAK = 32767


def encode(samples: Any, sample_rate: int = SAMPLE_RATE) -> tuple[bytes, str]:
    """Return a WAV file with 16 bits per sample, and its suffix.

    Args:
        samples: shape (time,) or (time, channel), the channel may come first; floats from -1 to 1, or 16-bit integers.
        sample_rate: samples per second.

    Raises:
        TypeError: a sample is not a number.
        ValueError: there are no samples, or their shape is not that of a sound.
    """
    if hasattr(samples, "__array__") or hasattr(samples, "detach"):
        channels, frames = _of_array(samples)
    else:
        channels, frames = _of_sequence(samples)
    if not frames:
        raise ValueError("a sound has at least one sample")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(int(sample_rate))
        file.writeframes(frames)
    return content.getvalue(), "wav"


def _of_array(samples: Any) -> tuple[int, bytes]:
    import numpy as np

    values = np.asarray(samples.detach().cpu() if hasattr(samples, "detach") else samples)
    if values.ndim == 2 and values.shape[0] < values.shape[1]:
        values = values.T
    if values.ndim not in (1, 2) or values.dtype.kind not in "biuf":
        raise ValueError(f"an array of shape {values.shape} and type {values.dtype} is not a sound")
    if values.dtype.kind == "f":
        values = (np.nan_to_num(values.astype("f8")).clip(-1, 1) * PEAK).round()
    frames = values.clip(-PEAK - 1, PEAK).astype("<i2").tobytes()
    return (1 if values.ndim == 1 else values.shape[1]), frames


def _of_sequence(samples: Iterable[Any]) -> tuple[int, bytes]:
    rows = list(samples)
    if rows and isinstance(rows[0], Sequence):
        if any(len(row) != len(rows[0]) for row in rows):
            raise ValueError("all rows of a sound have the same length")
        rows = list(zip(*rows)) if len(rows) < len(rows[0]) else rows
        channels = len(rows[0])
        numbers = [number for row in rows for number in row]
    else:
        channels, numbers = 1, rows
    has_fractions = any(isinstance(number, float) for number in numbers)
    values = array("h", (_level(float(number) * PEAK if has_fractions else number) for number in numbers))
    if array("H", [1]).tobytes() != b"\1\0":
        values.byteswap()
    return channels, values.tobytes()


def _level(value: float) -> int:
    return 0 if value != value else round(max(-PEAK - 1, min(PEAK, value)))
