"""Capture of stdout and stderr: the terminal shows everything as before, and the log gets complete lines.

Replaces the `write` of the stream objects, not `sys.stdout` itself: so output of logging handlers that keep the stream is
captured, later wrappers of `sys.stdout` work, and stopping does not depend on the order of wrappers. Output that bypasses
Python (C libraries, child processes) is not captured.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import CellType
from typing import Any

from runicorn import _platform
from runicorn.capture.terminal_lines import Screen

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
        self._listeners = tuple(other for other in self._listeners if other is not listener)
        if not self._listeners and _write_of(self._stream) is self._write:
            if vars(self._stream)["write"] is self._write and not self._own:
                del self._stream.write
            else:
                _replace_write(self._stream, self._before)


def tap(stream: Any) -> StreamTap | None:
    """Return the tap of a stream, or `None` if its `write` cannot be replaced."""
    try:
        stream_tap = getattr(_write_of(stream), "runicorn_tap", None)
        return stream_tap if isinstance(stream_tap, StreamTap) else StreamTap(stream)
    except (AttributeError, TypeError):
        # No stream at all (pythonw), or an object that does not allow new attributes.
        return None


def _write_of(stream: Any) -> Any:
    """Return the `write` of a stream; during a cell of IPython the one that is restored when the cell ends."""
    cell = _saved_by_ipython(stream)
    return cell.cell_contents if cell else stream.write


def _replace_write(stream: Any, write: Callable[[str], Any]) -> None:
    cell = _saved_by_ipython(stream)
    if cell:
        cell.cell_contents = write
    else:
        stream.write = write


def _saved_by_ipython(stream: Any) -> CellType | None:
    # While a cell runs, IPython's `_tee` replaces `write` and keeps the previous one in the variable `original_write`,
    # from which it is restored. A `write` set meanwhile would be lost at the end of the cell.
    cell, write = None, stream.write
    while getattr(write, "__module__", None) == "IPython.core.interactiveshell" and (
        "original_write" in write.__code__.co_freevars
    ):
        cell = write.__closure__[write.__code__.co_freevars.index("original_write")]
        write = cell.cell_contents
    return cell


SNAPSHOT = 10.0
"""Seconds between two snapshots of lines that are being redrawn."""
REST = 0.5
"""Seconds without output after which a progress bar counts as finished."""

_taps_lock = threading.RLock()


class Console:
    """Pass the lines written to stdout and stderr to `log`, from `start` to `stop`.

    Args:
        log: receives a line without its newline. It may print; its output goes to the terminal only.
    """

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log = log
        self._stops: list[Callable[[], None]] = []
        self._reset()
        _platform.watch_forks(self)

    def _reset(self) -> None:
        # Reentrant: a signal handler or a finalizer may print while the lock is held.
        self._lock = threading.RLock()
        self._screens = {"stdout": Screen(), "stderr": Screen()}
        self._written: deque[tuple[str, str]] = deque()
        self._working = self._logging = False
        self._ticker: threading.Thread | None = None
        self._stopped = threading.Event()
        self._last_write = self._next_snapshot = 0.0

    def after_fork(self) -> None:
        """Discard buffered rows, which the parent logs; the child's own output is logged too."""
        self._reset()

    def start(self) -> bool:
        """Capture both streams, or the one that both are. Return False if neither can be captured."""
        heard: list[StreamTap] = []
        with _taps_lock:
            for name in ("stdout", "stderr"):
                stream_tap = tap(getattr(sys, name))
                if stream_tap is not None and stream_tap not in heard:
                    heard.append(stream_tap)
                    self._listen(stream_tap, name)
        return bool(heard)

    def _listen(self, stream: StreamTap, name: str) -> None:
        def listener(text: str) -> None:
            self.feed(name, text)

        stream.add(listener)
        self._stops.append(lambda: stream.remove(listener))

    def stop(self) -> None:
        """Stop the capture and log what is buffered."""
        with _taps_lock:
            while self._stops:
                self._stops.pop()()
        with self._lock:
            self._stopped.set()
            if not self._working:  # else a signal has interrupted `feed`, which does it at its end
                self._flush()

    def feed(self, name: str, text: str) -> None:
        """Process text written to the stream `name` ("stdout" or "stderr"), in the writing thread."""
        with self._lock:
            if self._logging:  # what `log` prints must not come back to it
                return
            self._written.append((name, text))
            if self._working:  # the call that was interrupted goes on with it
                return
            self._working = True
            try:
                self._take_all()
            finally:
                self._working = False

    def _take_all(self) -> None:
        while self._written:
            name, text = self._written.popleft()
            self._put(self._screens[name].feed(text))
        self._last_write = time.monotonic()
        if self._stopped.is_set():
            self._flush()
        elif self._ticker is None and self._is_busy():
            self._start_ticker()

    def _put(self, lines: list[str]) -> None:
        for line in lines:
            self._logging = True
            try:
                self._log(line)
            finally:
                self._logging = False

    def _flush(self) -> None:
        for screen in self._screens.values():
            self._put(screen.flush())

    def _is_busy(self) -> bool:
        return any(screen.is_busy() for screen in self._screens.values())

    def _start_ticker(self) -> None:
        self._next_snapshot = self._last_write + SNAPSHOT
        ticker = threading.Thread(
            target=self._tick, args=(self._stopped,), name="runicorn-console", daemon=True
        )
        with suppress(RuntimeError):  # no more threads: what is held back waits for its newline, or the end
            ticker.start()
            self._ticker = ticker

    def _tick(self, stopped: threading.Event) -> None:
        while not stopped.wait(REST):
            with self._lock:
                if not self._is_busy():
                    self._ticker = None
                    return
                self._look_again(time.monotonic())

    def _look_again(self, now: float) -> None:
        if now - self._last_write >= REST:
            for screen in self._screens.values():
                self._put(screen.settle())
        if now >= self._next_snapshot:
            self._next_snapshot = now + SNAPSHOT
            for screen in self._screens.values():
                self._put(screen.snapshot())
