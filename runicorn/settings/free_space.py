"""Reserve of free disk space that imports, uploads and syncs leave to trainings."""

from __future__ import annotations

import errno
import re
import shutil
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from runicorn.message import Message
from runicorn.settings import user
from runicorn.store.notices import Notices
from runicorn.store.units import format_bytes

VARIABLE, DEFAULT = "RUNICORN_RESERVE", "1GB,5%"
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%|[KMGT]?B)?", re.IGNORECASE)
_notices = Notices()


class NotEnoughSpace(OSError):
    """Writing this would use the reserve; nothing was written."""

    def __init__(self, needed: int, free: int, reserve: int) -> None:
        values = {"needed": format_bytes(needed), "usable": format_bytes(max(free, 0))}
        message = Message("No space left on the disk: {needed} needed, {usable} usable", **values)
        if reserve:
            message = Message(
                "{message}; {reserve} stay free for running trainings ({variable})",
                message=message,
                reserve=format_bytes(reserve),
                variable=VARIABLE,
            )
        super().__init__(errno.ENOSPC, message)


class Disk(NamedTuple):
    """Size and free space of a file system, in bytes."""

    total: int
    free: int


def disk(path: Path) -> Disk:
    """Return the file system of `path`, which need not exist."""
    # One after the other: `parents` creates a path for each folder, and an import asks for every block.
    existing = path if path.exists() else next((folder for folder in path.parents if folder.exists()), path)
    usage = shutil.disk_usage(existing)
    return Disk(usage.total, usage.free)


def reserve(total: int) -> int:
    """Return the reserve of a file system of `total` bytes: the smallest amount in `RUNICORN_RESERVE`.

    A malformed variable is reported once on stderr, and the default is used.
    """
    try:
        return _smallest(user.get(VARIABLE), total)
    except ValueError as error:
        _notices.once(VARIABLE, f"{error}; {DEFAULT} is used.")
        return _smallest(DEFAULT, total)


@lru_cache(maxsize=16)
def _smallest(amounts: str, total: int) -> int:
    return min(_amount(text, total) for text in amounts.split(","))


def _amount(text: str, total: int) -> int:
    match = _AMOUNT.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"{VARIABLE} must be amounts like 1GB or 5%, separated by commas, not {text.strip()!r}"
        )
    number, unit = float(match[1]), (match[2] or "").upper()
    return int(total * number / 100) if unit == "%" else int(number * UNITS[unit])


def parse_bytes(text: str, variable: str) -> int:
    """Return an amount like `20GB` in bytes.

    Raises:
        ValueError: it is malformed; the message names the variable.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if not match or match[2] == "%":
        raise ValueError(f"{variable} must be an amount like 20GB, not {text.strip()!r}")
    return int(float(match[1]) * UNITS[(match[2] or "").upper()])


def usable(path: Path) -> int:
    """Return the bytes that may be written to the disk of `path`; negative if the reserve is already in use."""
    total, free = disk(path)
    return free - reserve(total)


def require(path: Path, needed: int) -> None:
    """Check that `needed` more bytes leave the reserve of the disk of `path` free."""
    total, free = disk(path)
    reserved = reserve(total)
    if needed > free - reserved:
        raise NotEnoughSpace(needed, free - reserved, reserved)


class ReserveCheck:
    """Checks of the reserve while many pieces are written to one disk: before the first, then once per megabyte."""

    EVERY = 1 << 20

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unchecked = self.EVERY

    def require(self, count: int) -> None:
        """Check that `count` more bytes leave the reserve free, if enough were written since the last check."""
        self._unchecked += count
        if self._unchecked > self.EVERY:
            require(self._path, count)
            self._unchecked = 0
