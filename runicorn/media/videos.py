"""Videos encoded as GIF by Pillow: from arrays of numpy, torch and jax, and from lists of frames."""

from __future__ import annotations

import io
from typing import Any

from runicorn.media import images

FPS = 4
MISSING = "arrays become a GIF by numpy and Pillow, which are not installed (pip install numpy pillow)"


def encode(frames: Any, fps: float | None = None) -> tuple[bytes, str]:
    """Return a GIF of frames, and its suffix.

    Args:
        frames: shape (time, channel, height, width) or (time, height, width[, channel]), or with a batch before, whose
            videos are placed side by side; or a list of arrays or Pillow images. Numbers 0-1 or 0-255.
        fps: frames per second.

    Raises:
        ValueError: Pillow is missing, or the shape is not that of a video.
    """
    try:
        import numpy as np
        from PIL import Image
    except ImportError:
        raise ValueError(f"{MISSING}; or pass the path or the bytes of a video file") from None
    array = np.asarray(_stacked(frames))
    if array.ndim == 5:
        array = np.concatenate(list(array), axis=-1)
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or 0 in array.shape:
        raise ValueError(
            f"a video has 4 dimensions (time, channel, height, width), not the shape {array.shape}"
        )
    if array.dtype != np.uint8:
        is_fraction = array.dtype.kind == "b" or (array.dtype.kind == "f" and array.max(initial=0) <= 1)
        array = np.nan_to_num(array * 255 if is_fraction else array).clip(0, 255).astype(np.uint8)
    if array.shape[1] in images.CHANNELS and array.shape[3] not in images.CHANNELS:
        array = array.transpose(0, 2, 3, 1)
    if array.shape[3] not in images.CHANNELS:
        raise ValueError(f"a video has 1, 3 or 4 channels, not the shape {array.shape}")
    pictures = [Image.fromarray(frame.squeeze(-1) if frame.shape[-1] == 1 else frame) for frame in array]
    content = io.BytesIO()
    duration = round(1000 / (fps or FPS))
    pictures[0].save(
        content, format="GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0
    )
    return content.getvalue(), "gif"


def _stacked(frames: Any) -> Any:
    """Return one array; each frame of a list may be a tensor or an image."""
    import numpy as np

    if hasattr(frames, "detach"):
        return frames.detach().cpu()
    if not isinstance(frames, (list, tuple)):
        return frames
    return np.stack(
        [np.asarray(frame.detach().cpu() if hasattr(frame, "detach") else frame) for frame in frames]
    )
