"""Exit code of an interpreter that is about to exit.

The companion process asks the system for it, which answers for certain only from Linux 6.15. Elsewhere a run that ends by
`sys.exit(1)` would count as finished without this module.

`atexit` functions cannot read it, so `sys.exit`, `exit` and `quit` are wrapped. For a bare `raise SystemExit(code)` it is
read when CPython flushes stdout and stderr, after the last frame of a script is gone and before it handles the exception.
Under `python -m` and `python -c` the exception is freed before any code of ours runs: the companion process asks the
system for the code.
"""

from __future__ import annotations

import builtins
import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_code: object = None
_latest: int | None = None


class _ReleaseProbe:
    """Attached to the exception of a `sys.exit`: if Python code still runs when it is released, the exit was caught.

    An uncaught exit is released by the interpreter itself, with no frame left.
    """

    def __del__(self) -> None:
        global _code
        if _latest == id(self) and sys._getframe().f_back is not None:
            _code = None


def code() -> object:
    """Return the code of the exit in progress; None without one, or if it was caught."""
    return _code


def may_be_hidden() -> bool:
    """Return whether the program may end by an exit whose code cannot be read here: `python -m` and `python -c`."""
    main = sys.modules.get("__main__")
    is_script = getattr(main, "__spec__", None) is None and hasattr(main, "__file__")
    return _code is None and not is_script


def watch() -> None:
    """Wrap the functions that exit."""
    if not hasattr(sys.exit, "__wrapped__"):
        sys.exit = _noticing(sys.exit)
    for stream in (sys.stderr, sys.stdout):
        _watch_flush(stream)
    # site's `exit` and `quit` are instances of one class; a notebook has its own, which only end a cell.
    quitter: Any = type(getattr(builtins, "exit", None))
    if quitter.__module__ == "_sitebuiltins" and not hasattr(quitter.__call__, "__wrapped__"):
        quitter.__call__ = _noticing(quitter.__call__)


def _watch_flush(stream: Any) -> None:
    flush = getattr(stream, "flush", None)
    if flush is None or hasattr(flush, "__wrapped__") or hasattr(sys, "ps1"):
        return

    def noticing() -> Any:
        if sys._getframe().f_back is None and threading.current_thread() is threading.main_thread():
            _find_exit()
        return flush()

    noticing.__wrapped__ = flush  # type: ignore[attr-defined]
    with suppress(AttributeError, TypeError):  # an object without attributes of its own
        stream.flush = noticing


def _find_exit() -> None:
    """Return the code of a `SystemExit` that left the script, found among the youngest objects."""
    global _code
    script = vars(sys.modules["__main__"])
    # The exception was just created. Older generations can be large.
    recent = [*gc.get_objects(generation=1), *gc.get_objects(generation=0)]
    # By type: `isinstance` triggers lazy objects to import what they represent.
    exits = [item for item in recent if issubclass(type(item), SystemExit)]
    if exits and any(type(item) is TracebackType and _has_left(item, script) for item in recent):
        _code = exits[-1].code


def _has_left(trace: TracebackType, script: dict[str, Any]) -> bool:
    """Return whether the script of this traceback ended by an exception, and not by reaching its end."""
    frame = trace.tb_frame
    if frame.f_globals is not script or frame.f_back is not None:
        return False
    import opcode

    return not opcode.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


def _noticing(leave: Callable[..., Any]) -> Any:
    def exit(*arguments: Any, **keywords: Any) -> None:
        global _code, _latest
        try:
            leave(*arguments, **keywords)
        except SystemExit as error:
            if threading.current_thread() is threading.main_thread():
                probe = _ReleaseProbe()
                _code, _latest = error.code, id(probe)
                error.__dict__["_release_probe"] = probe
            raise

    exit.__doc__, exit.__wrapped__ = leave.__doc__, leave  # type: ignore[attr-defined]
    return exit
