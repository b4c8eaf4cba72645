"""Lock that delays forks of the process while one of its threads imports modules or starts a process.

A forked child has all locks of the process, but only the thread that forked: a module that another thread was importing
stays locked in it. It would also inherit the ends of pipes that are closed once the process has started.
"""

from __future__ import annotations

import _thread
import os
import sys

SECONDS = 5.0
"""Longest delay of a fork, or of an import: the other thread may be waiting for a module that this one is importing, or for
the end of this thread."""
_lock = _thread.RLock()
_hooked: set[bool] = set()
"""Whether `logging` had been imported when the hooks were registered."""


class _Held:
    """Context that holds the lock, or goes on without it after `SECONDS`: a delayed import is better than none."""

    def __enter__(self) -> None:
        self._is_acquired = _lock.acquire(timeout=SECONDS)

    def __exit__(self, *_: object) -> None:
        # A child that was forked within the block has a new lock.
        if self._is_acquired and _lock._is_owned():  # type: ignore[attr-defined]
            _lock.release()


def lock() -> _Held:
    """Return a context for an import on first use."""
    # A fork acquires what was registered last first. Were the lock of `logging` before ours, the fork would wait for the
    # import with that lock, and the import for that lock. Registering twice is harmless: the lock is reentrant.
    if (has_logging := "logging" in sys.modules) not in _hooked:
        _hooked.add(has_logging)
        _register()
    return _Held()


def _register() -> None:
    if hasattr(os, "register_at_fork"):
        import _functools  # functools takes as long to import as the rest of the package

        # No Python code: there an interrupt (Ctrl-C) would be raised, and what hooks raise is printed and forgotten.
        os.register_at_fork(
            before=_functools.partial(_lock.acquire, timeout=SECONDS),
            after_in_parent=_lock.release,
            after_in_child=_lock._at_fork_reinit,  # type: ignore[attr-defined]
        )
