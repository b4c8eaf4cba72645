"""What an archive may hold and how large it may become, and the errors of those that do not keep to it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from runicorn.settings import free_space, user


class ArchiveRefused(ValueError):
    """An archive that is not taken in; its text names the member, and nothing of it is in the store."""


class ArchiveTooLarge(ArchiveRefused):
    """An archive beyond a limit."""


class Limits(NamedTuple):
    """How much an archive may hold.

    Attributes:
        members: files and folders.
        bytes: what all of them have together, unpacked.
        ratio: times its packed size that it may have unpacked.
        ratio_from: bytes unpacked up to which the ratio does not matter.
        folder: where it is unpacked: the reserve of its disk stays free. `None` checks nothing.
    """

    members: int = 200_000
    bytes: int = 20_000_000_000
    ratio: int = 200
    ratio_from: int = 10_000_000
    folder: Path | None = None


def configured() -> Limits:
    """The limits that the environment sets.

    Raises:
        ValueError: a variable is no whole number above 0.
    """
    return Limits(
        members=_number("RUNICORN_IMPORT_MEMBERS"),
        bytes=_number("RUNICORN_IMPORT_BYTES"),
        ratio=_number("RUNICORN_IMPORT_RATIO"),
    )


def _number(name: str) -> int:
    text = user.get(name)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


class Meter:
    """Counts what comes out of an archive.

    Args:
        limits: what it may be.
        packed: bytes of the archive.
    """

    def __init__(self, limits: Limits, packed: int) -> None:
        self._limits = limits
        self._packed = max(packed, 1)
        self._members = self._bytes = 0

    def member(self) -> None:
        """One member more.

        Raises:
            ArchiveTooLarge: that is one too many.
        """
        self._members += 1
        if self._members > self._limits.members:
            raise ArchiveTooLarge(f"The archive has more than {self._limits.members:,} members.")

    def count(self, count: int) -> None:
        """That many bytes more.

        Raises:
            ArchiveTooLarge: there are too many now.
        """
        self._bytes += count
        self.allow(self._bytes)

    def allow(self, total: int) -> None:
        """Hold that an archive may become so large.

        Raises:
            ArchiveTooLarge: it may not.
            NotEnoughSpace: there is no room for what is still to come.
        """
        if total > self._limits.bytes:
            raise ArchiveTooLarge(f"The archive has more than {self._limits.bytes:,} bytes unpacked.")
        if total > self._limits.ratio_from and total > self._limits.ratio * self._packed:
            raise ArchiveTooLarge(
                f"The archive becomes more than {self._limits.ratio} times as large when it is unpacked."
            )
        if self._limits.folder is not None:
            # What was counted by `take` is on the disk already.
            free_space.require(self._limits.folder, total - self._bytes)
