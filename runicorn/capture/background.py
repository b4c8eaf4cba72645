"""What runs beside a training: capture of its environment and its console, and samples of the machine.

`init` pays for starting a thread or two; what they need is loaded in them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from runicorn.store import descriptor_reserve, layout
from runicorn.store.journal import encode

if TYPE_CHECKING:
    from runicorn.capture.console import Console
    from runicorn.capture.environment import EnvironmentCapture
    from runicorn.capture.sampler import Sampler
    from runicorn.store.run_folder import RunFolder

PATIENCE = 3.0
"""Seconds that the end of a run waits for a capture that is still under way."""
HURRY = 0.3
"""The same when the program was told to stop."""
GRACE = 1.0
"""Seconds that a thread has to end once it was told to."""


class Start(NamedTuple):
    """What a program began with, before it changed its folder, its arguments or its variables."""

    folder: str
    arguments: list[str]
    variables: dict[str, str]

    @classmethod
    def now(cls) -> Start:
        """As it is at this moment."""
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = os.path.abspath(os.sep)
        return cls(folder, list(sys.orig_argv or sys.argv), dict(os.environ))


class Companion:
    """A thread that works beside the training until it is done or told to stop; a forked process has none.

    Attributes:
        stopped: set when it shall end.
        cancel: what ends that for which the work is waiting just now; the work puts it here.
    """

    def __init__(self, name: str, work: Callable[[Companion], None]) -> None:
        self.stopped = threading.Event()
        self.cancel: Callable[[], None] | None = None
        self._thread = threading.Thread(target=work, args=(self,), name=f"runicorn-{name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        with suppress(RuntimeError):  # no more threads: the process is at its limit, or ends
            self._thread.start()

    def stop(self, patience: float = 0.0) -> None:
        """Let it work for `patience` seconds more at most, then have it end."""
        if self._thread.ident is None:
            return
        if patience:
            self._thread.join(patience)
        self.stopped.set()
        if self.cancel is not None:
            self.cancel()
        self._thread.join(GRACE)


class Comforts:
    """The companions of one run. None of them raises."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._start = Start("", [], {})
        self._capture = Companion("environment", self._careful(self._capture_environment))
        self._sampler = Companion("sampler", self._careful(self._sample))
        self._console: Console | None = None

    def start(self, *, environment: bool, console: bool, samples: bool) -> None:
        """Begin what is wanted; returns at once."""
        if console:
            from runicorn.capture.console import Console

            self._console = Console(self._folder.write_text)
            if not self._console.start():
                text = "neither stdout nor stderr can be listened to; the console is not captured."
                self._folder.notices.once("console", text)
        if environment:
            self._start = Start.now()
            self._capture.start()
        if samples:
            self._sampler.start()

    def stop(self, *, hurry: bool) -> None:
        """End them, and have what they hold written; takes seconds at most, and with `hurry` less than two."""
        self._sampler.stop()
        self._capture.stop(HURRY if hurry else PATIENCE)
        if self._console is not None:
            self._console.stop()

    def note(self, error: BaseException) -> None:
        """Log the traceback that Python will print when the run, and with it the capture, has ended already."""
        if self._console is not None and not isinstance(error, SystemExit):
            from traceback import format_exception

            self._console.feed("stderr", "".join(format_exception(error)))

    def _careful(self, work: Callable[[Companion], None]) -> Callable[[Companion], None]:
        def run(companion: Companion) -> None:
            try:
                work(companion)
            except (
                OSError,
                ImportError,
            ) as error:  # no descriptors left, a program or library that is broken
                text = f"the environment or the load of the machine is not recorded ({error})."
                self._folder.notices.once("companions", text)

        return run

    def _capture_environment(self, companion: Companion) -> None:
        with _loading():
            environment = descriptor_reserve.load("runicorn.capture.environment")
            # Asks `uname` once, and until Python 3.12 under a lock that is as bad to fork with as those of modules.
            descriptor_reserve.load("platform").processor()
        capture: EnvironmentCapture = environment.EnvironmentCapture(start=self._start)
        companion.cancel = capture.cancel
        self._folder.write(layout.ENVIRONMENT, capture.capture_until(companion.stopped.is_set).to_dict())

    def _sample(self, companion: Companion) -> None:
        with _loading():
            sampler: Sampler = descriptor_reserve.load("runicorn.capture.sampler").Sampler(
                self._take
            )  # which loads psutil where there is no /proc
        companion.cancel = sampler.cancel
        sampler.run(companion.stopped)

    def _take(self, values: dict[str, float]) -> None:
        self._folder.append(self._folder.events, encode("system", values, time.time()))


class _Loading:
    """No fork while a thread loads modules, or asks for the processor: the locks of both would stay locked for ever in
    the child."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._held = False

    def before_fork(self) -> None:
        # Bounded: the thread could be waiting for a module that the forking thread is loading itself.
        self._held = self.lock.acquire(timeout=5)

    def after_in_parent(self) -> None:
        if self._held:
            self.lock.release()

    def after_in_child(self) -> None:
        self.lock = threading.Lock()


_loads = _Loading()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_loads.before_fork,
        after_in_parent=_loads.after_in_parent,
        after_in_child=_loads.after_in_child,
    )


@contextmanager
def _loading() -> Iterator[None]:
    with _loads.lock:
        yield
