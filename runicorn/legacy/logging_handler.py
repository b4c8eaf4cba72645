"""Handler of `logging` that adds records to the log of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable


class RunHandler(logging.Handler):
    """Handler that passes each formatted record to a function."""

    def __init__(self, write: Callable[[str], None], level: int, fmt: str | None) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(fmt or "%(levelname)s %(name)s: %(message)s"))
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to the log of the run."""
        self._write(self.format(record))
