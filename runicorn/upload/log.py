"""Log of the sender process, to which `runicorn sync` refers."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

LONGEST, KEPT = 1024 * 1024, 256 * 1024


def write(text: str) -> None:
    """Write a line with the local time; stderr of the process is the log."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {text}\n")
        sys.stderr.flush()


def shorten(path: Path) -> None:
    """Truncate a long log to its end."""
    with suppress(OSError):
        size = path.stat().st_size
        if size > LONGEST:
            with path.open("rb+") as file:
                file.seek(size - KEPT)
                end = file.read().partition(b"\n")[2]
                file.seek(0)
                file.write(end)
                file.truncate()
