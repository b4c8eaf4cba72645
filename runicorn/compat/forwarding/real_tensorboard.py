"""TensorBoard's own writers in the child process."""

from __future__ import annotations

from typing import Any

import numpy as np

try:  # quicker to import than torch; the files are the same
    from tensorboardX import SummaryWriter
except ImportError:
    from torch.utils.tensorboard import SummaryWriter

_writers: dict[int, Any] = {}


def init(number: int, log_dir: str, **options: Any) -> None:
    """Open a writer.

    Args:
        number: of the script's writer.
        log_dir: its directory.
        options: further arguments of `SummaryWriter`.
    """
    _writers[number] = SummaryWriter(log_dir, **options)


def call(number: int, method: str, arguments: list[Any], options: dict[str, Any]) -> None:
    getattr(_writers[number], method)(*arguments, **options)


def finish() -> None:
    for writer in _writers.values():
        writer.close()


def array(content: bytes, dtype: str, shape: list[int]) -> Any:
    return np.frombuffer(content, np.dtype(dtype)).reshape(shape)
