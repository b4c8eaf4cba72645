"""Work that all requests of one moment share: a look at what has changed, and the version of the database after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MOMENT = "runicorn.moment"
"""Key of an ASGI scope: the moment of its request, if it was taken before its view is called."""


@dataclass(frozen=True, slots=True)
class Moment:
    """State of the served root after a look at its folders.

    Attributes:
        root: key of the row of the root.
        version: of the database (`runicorn_site/database/version.py`).
        has_looked: whether the folders were looked at; only the database otherwise.
    """

    root: int
    version: str
    has_looked: bool = True


_current: ContextVar[Moment | None] = ContextVar("moment", default=None)


def current() -> Moment | None:
    """Return the moment of the current request; None if it has none."""
    return _current.get()


@contextmanager
def at(moment: Moment | None) -> Iterator[None]:
    """Set the moment of a request while it is answered."""
    token = _current.set(moment)
    try:
        yield
    finally:
        _current.reset(token)


class SharedCall(Generic[T]):
    """A function whose result is shared by all threads that ask for it while it runs.

    A caller gets the result of a call that began after it asked, so at most two are under way for any number of
    callers: one that runs, and one that begins when it ends. A call that fails is repeated by each caller.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._changed = threading.Condition()
        self._begun = self._ended = 0
        self._results: list[T] = []
        """The result of the last call; empty if it failed."""

    def __call__(self) -> T:
        """Return the result of a call that began after this one."""
        with self._changed:
            turn = self._begun + 1
            while self._ended < turn and self._begun != self._ended:
                self._changed.wait()
            if self._ended >= turn and self._results:
                return self._results[0]
            while self._begun != self._ended:
                self._changed.wait()
            self._begun += 1
        results: list[T] = []
        try:
            results.append(self._function())
        finally:
            with self._changed:
                self._ended, self._results = self._begun, results
                self._changed.notify_all()
        return results[0]
