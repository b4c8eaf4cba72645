"""Content of files that are logged: from bytes, paths and open files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from runicorn.media import images


def is_file(value: Any) -> bool:
    """Return whether the value is bytes, a path or an open file."""
    return isinstance(value, (bytes, bytearray, memoryview, str, os.PathLike)) or callable(
        getattr(value, "read", None)
    )


def read(value: Any, suffix: str) -> tuple[bytes, str]:
    """Return the content of bytes, of a path or of an open file, and its suffix.

    Args:
        value: bytes, a path or an open file.
        suffix: suffix of a file without a name of its own.

    Raises:
        OSError: the file cannot be read.
        TypeError: its type is another.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), suffix
    if callable(getattr(value, "read", None)):
        content = value.read()
        name = str(getattr(value, "name", ""))
        return content if isinstance(content, bytes) else str(content).encode(), _suffix_of(name) or suffix
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"a {type(value).__name__} is not a file: pass bytes, a path or an open file")
    return Path(value).read_bytes(), _suffix_of(os.fsdecode(value)) or suffix


def _suffix_of(path: str) -> str:
    name = Path(path).suffix.lower().lstrip(".")
    return name if images.SUFFIX.fullmatch(name) else ""
