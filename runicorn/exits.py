"""With which code the interpreter ends, as far as `sys.exit`, `exit` or `quit` was asked for it.

The code is nowhere to be seen at the end, so these three are wrapped. A bare `raise SystemExit(1)` passes unseen.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable
from typing import Any

_code: object = None
_latest: int | None = None


class _Rider:
    """Rides on the exception of a `sys.exit` and goes with it: when anybody's code is still running then, it was caught.

    An exit that nobody catches is let go by the interpreter itself, with no frame left.
    """

    def __del__(self) -> None:
        global _code
        if _latest == id(self) and sys._getframe().f_back is not None:
            _code = None


def code() -> object:
    """What the exit under way was called with; `None` when there is none, or somebody caught it."""
    return _code


def watch() -> None:
    """Notice exits from now on."""
    if not hasattr(sys.exit, "__wrapped__"):
        sys.exit = _noticing(sys.exit)
    # site's `exit` and `quit` are objects of one class; a notebook has its own, which end nothing but a cell.
    quitter: Any = type(getattr(builtins, "exit", None))
    if quitter.__module__ == "_sitebuiltins" and not hasattr(quitter.__call__, "__wrapped__"):
        quitter.__call__ = _noticing(quitter.__call__)


def _noticing(leave: Callable[..., Any]) -> Any:
    def exit(*arguments: Any, **named: Any) -> None:
        global _code, _latest
        try:
            leave(*arguments, **named)
        except SystemExit as error:
            if threading.current_thread() is threading.main_thread():
                rider = _Rider()
                _code, _latest = error.code, id(rider)
                error.__dict__["_rider"] = rider
            raise

    exit.__doc__, exit.__wrapped__ = leave.__doc__, leave  # type: ignore[attr-defined]
    return exit
