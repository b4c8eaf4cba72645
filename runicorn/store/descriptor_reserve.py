"""Reserve of file descriptors, for a process that has exhausted them.

Modules are imported on first use, which opens files.
"""

from __future__ import annotations

import _thread
import os
import sys

from runicorn.store import fork_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Answer = TypeVar("Answer")

COUNT = 12
_held: list[tuple[int, tuple[int, int]]] = []
_lock = _thread.allocate_lock()
_depth = 0


class _Released:
    """Context in which the reserved descriptors are free for any use."""

    def __enter__(self) -> None:
        global _depth
        with _lock:
            _depth += 1
            while _held:
                _close(*_held.pop())

    def __exit__(self, *_: object) -> None:
        global _depth
        with _lock:
            _depth -= 1
            if not _depth:
                _fill()


def released() -> _Released:
    """Free the reserve for the duration of a `with` block."""
    return _Released()


def attempt(work: Callable[[], Answer]) -> Answer:
    """Return `work()`; if it fails because the process has no descriptors left, free the reserve and try once more.

    Raises:
        OSError: as `work`.
    """
    try:
        return work()
    except (OSError, ImportError) as error:
        import errno  # not at the top: it would be loaded with the package

        # An extension module that cannot be opened is an ImportError without a number.
        if isinstance(error, OSError) and error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
    with released():
        return work()


def load(name: str) -> Any:
    """Import and return a module of this distribution on first use; forks wait for it."""
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        return module

    def work() -> Any:
        import importlib

        return importlib.import_module(name)

    with fork_lock.lock():
        return attempt(work)


def _fill() -> None:
    while len(_held) < COUNT:
        try:
            fd = os.open(os.devnull, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return
        _held.append((fd, _file_of(fd)))


def _close(fd: int, file: tuple[int, int]) -> None:
    # A program that became a daemon has closed all descriptors; the number may belong to another file by now.
    try:
        if _file_of(fd) == file:
            os.close(fd)
    except OSError:
        pass


def _file_of(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _forked() -> None:
    global _lock, _depth
    _lock, _depth = _thread.allocate_lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
_fill()
