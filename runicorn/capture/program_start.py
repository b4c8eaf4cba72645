"""State of a program that its environment depends on, at the start of a run."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import NamedTuple

PLAIN_FINDERS = ("runicorn", "importlib_metadata")
"""Packages whose import hooks list no other distributions than Python does."""


class ProgramStart(NamedTuple):
    """State of the process before the program changed it.

    Attributes:
        folder: the working directory.
        arguments: the command line, with the interpreter.
        import_path: `sys.path`.
        script: the file of the main module, relative to the working directory; "" without one (a notebook).
        variables: the environment variables.
    """

    folder: str
    arguments: list[str]
    import_path: list[str]
    script: str
    variables: dict[str, str]

    @classmethod
    def now(cls) -> ProgramStart:
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = os.path.abspath(os.sep)
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        return cls(
            folder,
            list(getattr(sys, "orig_argv", None) or sys.argv),
            list(map(str, sys.path)),
            script if isinstance(script, str) else "",
            dict(os.environ),
        )


def has_foreign_finders() -> bool:
    """Return whether import hooks of this process may list distributions that are not in `sys.path`."""
    return any(
        finder is not PathFinder
        and hasattr(finder, "find_distributions")
        and not set(finder.__module__.split(".")).intersection(PLAIN_FINDERS)
        for finder in sys.meta_path
    )
