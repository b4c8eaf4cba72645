"""Regular files in folders that other programs write. Opening a named pipe there raises an error instead of blocking."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from runicorn import _platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def open_binary(path: Path) -> BufferedReader:
    """Open a regular file for reading; links are followed.

    Raises:
        OSError: it is missing, unreadable, or not a regular file.
    """
    return os.fdopen(_platform.open_regular(path, follow_links=True), "rb")


def open_text(path: Path, *, errors: str = "strict", newline: str | None = None) -> TextIO:
    """Open a regular file of UTF-8 text for reading; raises as `open_binary`."""
    fd = _platform.open_regular(path, follow_links=True)
    return os.fdopen(fd, encoding="utf-8", errors=errors, newline=newline)


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file; raises as `open_binary`."""
    with open_binary(path) as file:
        return file.read()


def read_text(path: Path, *, errors: str = "strict") -> str:
    """Return the text of a regular file; raises as `open_binary`."""
    with open_text(path, errors=errors) as file:
        return file.read()
