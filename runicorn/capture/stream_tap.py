"""Listeners on the `write` of a stream object."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any

Listener = Callable[[str], None]


class StreamTap:
    """Replace the `write` of one stream object while it has listeners."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._own = "write" in vars(stream)
        self._before: Callable[[str], Any] = _write_of(stream)
        self._listeners: tuple[Listener, ...] = ()

        # A function, not a method: it is compared by identity, and each access to a method creates a new object.
        def write(text: str) -> Any:
            answer = self._before(text)
            if isinstance(text, str):
                for listener in self._listeners:
                    listener(text)
            return answer

        write.runicorn_tap = self  # type: ignore[attr-defined]
        self._write = write
        _replace_write(stream, write)

    def add(self, listener: Listener) -> None:
        """Call `listener` with every written text."""
        self._listeners += (listener,)

    def remove(self, listener: Listener) -> None:
        """Remove a listener; the last one restores the stream, unless `write` was replaced since."""
        self._listeners = tuple(one for one in self._listeners if one is not listener)
        if not self._listeners and _write_of(self._stream) is self._write:
            if vars(self._stream)["write"] is self._write and not self._own:
                del self._stream.write
            else:
                _replace_write(self._stream, self._before)


def tap(stream: Any) -> StreamTap | None:
    """Return the tap of a stream, or `None` if its `write` cannot be replaced."""
    try:
        found = getattr(_write_of(stream), "runicorn_tap", None)
        return found if isinstance(found, StreamTap) else StreamTap(stream)
    except (AttributeError, TypeError):
        # No stream at all (pythonw), or an object that does not allow new attributes.
        return None


def _write_of(stream: Any) -> Any:
    """Return the `write` of a stream; during a cell of IPython the one that is restored when the cell ends."""
    saved = _saved_by_ipython(stream)
    return saved.cell_contents if saved else stream.write


def _replace_write(stream: Any, write: Callable[[str], Any]) -> None:
    saved = _saved_by_ipython(stream)
    if saved:
        saved.cell_contents = write
    else:
        stream.write = write


def _saved_by_ipython(stream: Any) -> CellType | None:
    # While a cell runs, IPython's `_tee` replaces `write` and keeps the previous one in the variable `original_write`,
    # from which it is restored. A `write` set meanwhile would be lost at the end of the cell.
    saved, write = None, stream.write
    while getattr(write, "__module__", None) == "IPython.core.interactiveshell" and (
        "original_write" in write.__code__.co_freevars
    ):
        saved = write.__closure__[write.__code__.co_freevars.index("original_write")]
        write = saved.cell_contents
    return saved
