"""Capture of the environment in a short-lived process.

A thread that captured it in the training's own process would compete for the interpreter lock: of the first 10,000
calls of `log()`, the 99th percentile was 92 µs instead of 10.
"""

from __future__ import annotations

import errno
import json
import os
import select
import sys
import threading
import time

from runicorn import _platform
from runicorn.capture import detached_process
from runicorn.capture.program_start import ProgramStart
from runicorn.import_hooks import has_foreign_finders

PROGRAM = "runicorn/capture/capture_program.py"
HEAD = 12
"""Bytes before the result, which contain its length."""
URGENT = b"!"
"""Request to end without the sources; any other byte is one to end with them."""
POLL_MS = 250
GRACE = 0.5
"""Seconds until the result is given up after the capture was stopped."""


class CaptureProcess:
    """A process that captures the environment of this one and sends back the content of `environment.json`.

    Args:
        start: what to describe.
        sources: the storage root, the folder of the run to which it adds the sources, and whether an earlier run with the
            same ones is searched; None for none.

    Raises:
        OSError: no process can be started, or another process would not find the same packages.
    """

    def __init__(self, start: ProgramStart, sources: tuple[str, str, bool] | None = None) -> None:
        self._descriptors: list[int] = []
        self._lock = threading.Lock()
        self._stopped_at: float | None = None
        request = json.dumps([sys.version, sources, *start._replace(variables={})]).encode() + b"\n"
        try:
            self._start(request, start.variables)
        except OSError:
            self.close()
            raise
        _platform.watch_forks(self)

    def _start(self, request: bytes, variables: dict[str, str]) -> None:
        self._descriptors += os.pipe()
        self._descriptors += os.pipe()
        their_input, self._input, self._output, their_output = self._descriptors
        os.set_blocking(self._input, False)
        is_possible = min(self._descriptors) > 2 and not has_foreign_finders()
        if not is_possible or os.write(self._input, request) < len(request):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        detached_process.start(PROGRAM, (), variables, {0: their_input, 1: their_output})
        # Their end of the input stays open: writing to a pipe without a reader could end the program (SIGPIPE).
        self._descriptors.remove(their_output)
        os.close(their_output)

    def result(self) -> bytes | None:
        """Wait for the content; None if the process failed, or did not end soon after `stop`."""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        data = b""
        while len(data) < HEAD or len(data) < HEAD + int(data[:HEAD]):
            if poll.poll(POLL_MS):
                block = os.read(self._output, 65536)
                if not block:
                    return None
                data += block
            elif self._stopped_at is not None and time.monotonic() > self._stopped_at + GRACE:
                return None
        return data[HEAD:]

    def wait(self) -> str:
        """Wait until the process has stored the sources; after `stop` only shortly.

        Returns:
            The id of an earlier run with the same sources and config, or "".
        """
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        while not poll.poll(POLL_MS):
            if self._stopped_at is not None and time.monotonic() > self._stopped_at + GRACE:
                return ""
        return os.read(self._output, 256).decode("utf-8", "replace")

    def stop(self, *, is_urgent: bool = False) -> None:
        """Request the values captured so far; the sources are stored after them, unless it is urgent."""
        self._stopped_at = time.monotonic()
        with self._lock:
            if self._descriptors:
                os.write(self._input, URGENT if is_urgent else b".")

    def close(self) -> None:
        """Abandon the process, if it has not ended: it writes to nothing but its output and the sources."""
        with self._lock:
            while self._descriptors:
                os.close(self._descriptors.pop())

    def after_fork(self) -> None:
        """Close the pipes in a forked child, so that the process ends with the training."""
        self._lock = threading.Lock()
        self.close()
