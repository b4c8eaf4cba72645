"""Folders of a store on a local disk, for scans."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from runicorn import _platform
from runicorn.store import layout
from runicorn_tools.sync.manifest.model import HASHED
from runicorn_tools.sync.manifest.scan import Item, Listing


class Disk:
    """Lists the folders below a root. No symbolic link is followed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def many(self, folders: Iterable[str]) -> Iterator[tuple[str, Listing]]:
        """Return the content of each folder, in order: one `stat` per entry."""
        for folder in folders:
            try:
                yield folder, _items(self.root / folder)
            except OSError as error:
                yield folder, error

    def status(self, folder: str) -> str | None:
        """Return the status in a run's `status.json`."""
        word = layout.read_json(self.root / folder / layout.STATUS)[0].get("status")
        return word if isinstance(word, str) else None


def _items(path: Path) -> list[Item]:
    # A link to a folder leads out of the store, or to a folder that is found by its own path.
    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise NotADirectoryError(f"{path} is a link")
    items = []
    with os.scandir(path) as entries:
        for entry in entries:
            try:
                about = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone between being listed and being looked at
                continue
            if stat.S_ISDIR(about.st_mode) or stat.S_ISREG(about.st_mode):
                mark = f"{about.st_mtime_ns}.{about.st_ino}"
                folder = stat.S_ISDIR(about.st_mode)
                items.append(Item(entry.name, folder, about.st_size, about.st_mtime, mark))
    return items


def ends(path: Path, size: int) -> tuple[str, str]:
    """Return the MD5 of the last and the first 4,096 of the first `size` bytes of a file.

    Raises:
        OSError: it cannot be read, or is shorter.
    """
    fd = _platform.open_regular(path, follow_links=False)
    try:
        head = _platform.read_at(fd, min(size, HASHED), 0)
        tail = _platform.read_at(fd, min(size, HASHED), max(size - HASHED, 0))
    finally:
        os.close(fd)
    if len(tail) != min(size, HASHED):
        raise OSError(f"{path} was truncated while it was read")
    return md5(tail), md5(head)


def md5(content: bytes) -> str:
    """Return the hash that the format requires; it is not used for security."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
