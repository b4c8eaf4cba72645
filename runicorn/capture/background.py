"""Capture of environment, console and system metrics beside the training.

`init` only starts one or two threads. One waits for a process that captures the environment, the other samples the
system; they import the modules that they need.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from runicorn.capture.background_thread import BackgroundThread
from runicorn.capture.program_start import ProgramStart
from runicorn.settings import user
from runicorn.store import descriptor_reserve, fork_lock, layout
from runicorn.store.journal import encode
from runicorn.store.notices import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runicorn.capture.capture_process import CaptureProcess
    from runicorn.capture.console import Console
    from runicorn.capture.environment import EnvironmentCapture
    from runicorn.capture.sampler import Sampler
    from runicorn.capture.sources.cells import CellRecorder
    from runicorn.store.run_folder import RunFolder

PATIENCE, PATIENCE_FOR_SOURCES = 3.0, 10.0
"""Seconds that the end of a run waits for an unfinished capture; for sources a busy machine needs longer."""
URGENT_SECONDS = 0.3
"""The same after SIGTERM."""
START_DELAY = 0.005


class BackgroundCapture:
    """Environment, console and system capture of one run. Never raises."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._sources: tuple[str, str, bool] | None = None
        self._cells: CellRecorder | None = None
        self._is_urgent = False
        self._start = ProgramStart("", [], [], "", {})
        self._capture = BackgroundThread("environment", self._careful(self._capture_environment))
        self._sampler = BackgroundThread("sampler", self._careful(self._sample))
        self._console: Console | None = None

    def start(self, *, environment: bool, sources: bool, console: bool, samples: bool) -> None:
        """Start the enabled parts; returns at once."""
        if console:
            with fork_lock.lock():
                from runicorn.capture.console import Console

            self._console = Console(self._folder.write_text)
            if not self._console.start():
                text = "neither stdout nor stderr can be captured."
                self._folder.notices.once("console", text)
        if environment:
            self._start = ProgramStart.now()
            if sources:
                asks = user.is_on("RUNICORN_TRIED") and not user.get("RUNICORN_PARENT")
                self._sources = (str(self._folder.root), str(self._folder.path), asks)
                if "IPython" in sys.modules:
                    with fork_lock.lock():
                        from runicorn.capture.sources import cells

                    self._cells = cells.recorder(self._folder.path, self._start.variables)
            self._capture.start()
        if samples:
            self._sampler.start()

    def stop(self, *, is_urgent: bool) -> None:
        """Stop all parts and flush their data; takes ten seconds at most, with `is_urgent` less than two."""
        self._is_urgent = is_urgent
        self._sampler.stop()
        patience = PATIENCE_FOR_SOURCES if self._sources else PATIENCE
        self._capture.stop(URGENT_SECONDS if is_urgent else patience)
        if self._cells is not None:
            self._cells.stop()
        if self._console is not None:
            self._console.stop()

    def note(self, error: BaseException) -> None:
        """Log the traceback that Python will print after the run, and with it the capture, has ended."""
        if self._console is not None and not isinstance(error, SystemExit):
            from traceback import format_exception

            self._console.feed("stderr", "".join(format_exception(type(error), error, error.__traceback__)))

    def _careful(self, work: Callable[[BackgroundThread], None]) -> Callable[[BackgroundThread], None]:
        def run(thread: BackgroundThread) -> None:
            try:
                work(thread)
            except (
                OSError,
                ImportError,
            ) as error:  # no descriptors left, a program or library that is broken
                text = f"environment or system metrics are not recorded ({error})."
                self._folder.notices.once("companions", text)

        return run

    def _capture_environment(self, thread: BackgroundThread) -> None:
        if not self._capture_in_process(thread):
            self._capture_here(thread)

    def _capture_in_process(self, thread: BackgroundThread) -> bool:
        """Return whether a process has captured the environment."""
        # The start of a process holds the interpreter lock for a millisecond, in which `init` would not return.
        thread.stopped.wait(START_DELAY)
        try:
            with fork_lock.lock():
                starter = descriptor_reserve.load("runicorn.capture.capture_process").CaptureProcess
                process: CaptureProcess = descriptor_reserve.attempt(
                    lambda: starter(self._start, self._sources)
                )
        except OSError:  # no processes, no descriptors, a frozen program
            return False
        thread.cancel = lambda: process.stop(is_urgent=self._is_urgent)
        if thread.stopped.is_set():
            thread.cancel()
        try:
            content = process.result()
            if content:
                self._folder.write_content(layout.ENVIRONMENT, content)
                if self._sources and (duplicate := process.wait()):
                    _report_duplicate(duplicate)
            return bool(content)
        finally:
            process.close()

    def _capture_here(self, thread: BackgroundThread) -> None:
        with fork_lock.lock():
            environment = descriptor_reserve.load("runicorn.capture.environment")
            # Calls `uname` once, until Python 3.12 under a lock that is as bad to fork with as import locks.
            descriptor_reserve.load("platform").processor()
        capture: EnvironmentCapture = environment.EnvironmentCapture(start=self._start)
        thread.cancel = capture.cancel
        self._folder.write(layout.ENVIRONMENT, capture.capture_until(thread.stopped.is_set).to_dict())
        if self._sources:
            with fork_lock.lock():
                sources = descriptor_reserve.load("runicorn.capture.sources.keep")
            sources.keep(self._folder.root, self._folder.path, self._start, thread.stopped.is_set)

    def _sample(self, thread: BackgroundThread) -> None:
        with fork_lock.lock():
            sampler: Sampler = descriptor_reserve.load("runicorn.capture.sampler").Sampler(
                self._append
            )  # which loads psutil where there is no /proc
        thread.cancel = sampler.cancel
        sampler.run(thread.stopped)

    def _append(self, values: dict[str, float]) -> None:
        self._folder.append(self._folder.events, encode("system", values, time.time()))


_duplicates: set[str] = set()


def _report_duplicate(run_id: str) -> None:
    if not _duplicates:  # once for a program, however many runs it begins
        _duplicates.add(run_id)
        say(f"run {run_id} has finished with the same config, code and seed (RUNICORN_TRIED=off hides this).")
