"""End of runs without `finish()`: at exit, by an exception, by a signal.

The reason is read from the state that the interpreter leaves at exit, so no hooks are replaced, and an exception in a
cell of a notebook ends no run.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from runicorn.companion import start as companion
from runicorn.store import fork_lock, layout
from runicorn.store.state.transitions import ending_by, ending_by_code
from runicorn.tracking.exit import exit_code, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    from runicorn.store.state.transitions import Ending
    from runicorn.upload.wait import RunningUpload

    class Endable(Protocol):
        """The part of a run that ends it."""

        @property
        def process(self) -> int:
            """Return the pid of the process that began it and alone may end it."""

        @property
        def upload(self) -> RunningUpload | None:
            """Return its upload to a server."""

        @property
        def run_dir(self) -> Path:
            """Return its folder."""

        def is_open(self) -> bool:
            """Return whether it has not ended."""

        def end(self, status: str, reason: str | None) -> None:
            """Write its end."""


_runs: list[Endable] = []
_watched_in: int | None = None


def watch(run: Endable) -> None:
    """End the run with the process."""
    global _watched_in
    if _watched_in is None:
        atexit.register(_at_exit)
        exit_code.watch()
    if _watched_in != os.getpid():
        _watch_worker()
    _watched_in = os.getpid()
    _runs.append(run)
    signals.install(_at_sigterm)


def forget(run: Endable) -> None:
    """Forget a run that has ended."""
    if run in _runs:
        _runs.remove(run)
    if not _ours():
        signals.uninstall()


def open_runs() -> list[Endable]:
    """Return the runs that have not ended, oldest first; in a forked process also those of its parent."""
    return [run for run in _runs if run.is_open()]


verdict = ending_by


def verdict_at_exit() -> Ending:
    """Return status and reason of runs that end with the process, which is about to exit."""
    if hasattr(
        sys, "ps1"
    ):  # interactive: exceptions and exits ended a statement, the session has just been closed
        return layout.FINISHED, None
    error = getattr(sys, "last_value", None)
    if isinstance(error, BaseException) and _went_all_the_way(error):
        return ending_by(error)
    code = _code_of_worker()
    return ending_by_code(exit_code.code() if code is None else code)


def _went_all_the_way(error: BaseException) -> bool:
    """Return whether it left the main program; a console inside the program reports its exceptions likewise."""
    trace = error.__traceback__
    return trace is None or trace.tb_frame.f_back is None


def _at_exit() -> None:
    status, reason = verdict_at_exit()
    if status == layout.FINISHED and exit_code.may_be_hidden():
        for run in _ours():
            companion.decide_by_exit_code(run.run_dir)
    _end_all(status, reason)
    if status == layout.INTERRUPTED:
        _interrupt_again()


def _interrupt_again() -> None:
    """Raise SIGINT again with the default handler, so that the process ends by it.

    CPython records an unhandled KeyboardInterrupt and forgets it when any thread executes code from a string, as modules
    with named tuples and dataclasses do, which a capture may be importing.
    """
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def _at_sigterm() -> None:
    _end_all(layout.INTERRUPTED, "SIGTERM")


def _end_all(status: str, reason: str | None) -> None:
    with suppress(KeyboardInterrupt):
        end_all(_ours(), status, reason)


def check_timeout(timeout: float | None) -> None:
    """Check a number of seconds to wait for an upload.

    Raises:
        ValueError: it is not a number of at least 0.
    """
    if timeout is not None:
        with fork_lock.lock():
            from runicorn.upload.target import check_seconds

        check_seconds(timeout, "upload_timeout")


def end_all(runs: Sequence[Endable], status: str, reason: str | None, timeout: float | None = None) -> None:
    """End runs, then wait a bounded time for their uploads.

    Args:
        runs: the runs.
        status: their status.
        reason: the reason.
        timeout: total seconds to wait; by default those of the runs.
    """
    for run in runs:
        run.end(status, reason)
    uploads = [run.upload for run in runs if run.upload is not None]
    if uploads:
        with fork_lock.lock():
            from runicorn.upload.wait import wait

        wait(uploads, timeout)


def _ours() -> list[Endable]:
    here = os.getpid()
    return [run for run in _runs if run.process == here]


def _watch_worker() -> None:
    """Register for processes forked by multiprocessing, which skip `atexit` but have finalizers of their own."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _at_end_of_worker, exitpriority=0)


def _at_end_of_worker() -> None:
    code = _code_of_worker()
    _end_all(*(ending_by(sys.exc_info()[1]) if code is None else ending_by_code(code)))


def _code_of_worker() -> int | None:
    """Return the exit code that multiprocessing has chosen for this process, if any.

    Until some 3.12 finalizers run while the exception is active, since then after it was printed and cleared: its code is
    only in the frame that is about to end the process (CPython's popen_fork.py, forkserver.py).
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "_bootstrap":
        if frame.f_globals.get("__name__") in ("multiprocessing.popen_fork", "multiprocessing.forkserver"):
            code = frame.f_locals.get("code")
            return code if isinstance(code, int) else None
        frame = frame.f_back
    return None
