"""Working directory, arguments and environment variables at the start of a run."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple


class ProgramStart(NamedTuple):
    """State of the process before the program changed its working directory, arguments or variables."""

    folder: str
    arguments: list[str]
    variables: dict[str, str]

    @classmethod
    def now(cls) -> ProgramStart:
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = os.path.abspath(os.sep)
        return cls(folder, list(sys.orig_argv or sys.argv), dict(os.environ))
