"""State of a program that its environment depends on, at the start of a run."""

from __future__ import annotations

import os
import sys
import time

from runicorn import _platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from runicorn.named_tuple import NamedTuple

STARTING = 600.0
"""Seconds after its start up to which a script that begins a run is still starting."""


class ProgramStart(NamedTuple):
    """State of the process before the program changed it.

    Attributes:
        folder: the working directory.
        arguments: the command line, with the interpreter.
        import_path: `sys.path`.
        script: the file of the main module, relative to the working directory; "" without one (a notebook).
        variables: the environment variables.
        began: when the script started, or the run if that was much later or in a notebook; files that changed since then
            may be outputs. In Unix seconds, 0 if unknown.
    """

    folder: str
    arguments: list[str]
    import_path: list[str]
    script: str
    variables: dict[str, str]
    began: float = 0.0

    @classmethod
    def now(cls) -> ProgramStart:
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = os.path.abspath(os.sep)
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        now, started = time.time(), _platform.own_start()
        return cls(
            folder,
            list(getattr(sys, "orig_argv", None) or sys.argv),
            list(map(str, sys.path)),
            script if isinstance(script, str) else "",
            dict(os.environ),
            started if script and now - started < STARTING else now,
        )
