"""`RUNICORN_ALSO=tensorboard`: the calls of a writer, passed on to one of TensorBoard's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from runicorn.compat.also.opening import open_mirror

METHODS = (
    *("add_scalar", "add_scalars", "add_text", "add_hparams", "add_histogram", "add_histogram_raw"),
    *("add_image", "add_images", "add_audio", "add_video", "add_pr_curve", "flush", "close"),
)
"""Methods that are passed on: not those of figures, meshes, graphs and embeddings, whose arguments are objects."""


def pass_on(writer: Any, options: Mapping[str, Any]) -> None:
    """Let the methods of a writer call those of a real one, too, if `RUNICORN_ALSO` names TensorBoard.

    Args:
        writer: our writer.
        options: arguments of the real one; those that are None or "" are left out.
    """
    also = open_mirror("tensorboard")
    if also is None:
        return
    also("init", id(writer), writer.log_dir, **{key: value for key, value in options.items() if value})
    for name in METHODS:
        setattr(writer, name, _both(also, writer, name))


def _both(also: Callable[..., None], writer: Any, name: str) -> Callable[..., Any]:
    ours = getattr(writer, name)

    @functools.wraps(ours)
    def both(*arguments: Any, **options: Any) -> Any:
        given = [_picklable(value) for value in arguments]
        also("call", id(writer), name, given, {key: _picklable(value) for key, value in options.items()})
        return ours(*arguments, **options)

    return both


def _picklable(value: Any) -> Any:
    """Return arrays and tensors as bytes with their shape; other values as they are."""
    if not hasattr(value, "shape") or value.shape == ():
        return value
    import numpy as np

    from runicorn.compat.also.portable import Portable

    array = np.ascontiguousarray(value.detach().cpu() if hasattr(value, "detach") else value)
    fields = {"content": array.tobytes(), "dtype": array.dtype.str, "shape": list(array.shape)}
    return Portable("array", fields)
