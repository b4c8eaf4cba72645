"""Containment check: writes to a store must land inside its root once symbolic links are resolved.

The root itself may be a link. Folders in it may be links to other places inside of it, but nothing is written through a
link that leads out. A link to a folder that is created between the check and the write is not excluded; the last
component of a path is opened without following links (`runicorn._platform`).
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


class OutsideStore(PermissionError):
    """A symbolic link on the way to a file leads out of the storage root; nothing was written."""

    def __init__(
        self, path: str | os.PathLike[str], reason: str = "a link leads out of the storage root"
    ) -> None:
        super().__init__(errno.EACCES, reason, os.fspath(path))


def is_inside(root: str | os.PathLike[str], path: str | os.PathLike[str]) -> bool:
    """Return whether a path, which need not exist, is the root or below it after links are resolved."""
    return resolved_inside(root, path) is not None


def resolved_inside(root: str | os.PathLike[str], path: str | os.PathLike[str]) -> str | None:
    """Return a path with links resolved; None if it is then neither the root nor below it."""
    real_root, real = os.path.realpath(root), os.path.realpath(path)
    return real if real == real_root or real.startswith(real_root.rstrip(os.sep) + os.sep) else None


def check_inside(root: str | os.PathLike[str], path: Path) -> Path:
    """Return `path`, which is about to be written, if it is inside the root.

    Raises:
        OutsideStore: it is not, once links are resolved.
    """
    if not is_inside(root, path):
        raise OutsideStore(path)
    return path
