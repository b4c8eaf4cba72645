"""Limits of archives, and the errors of archives that exceed them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from runicorn.message import Message
from runicorn.settings import free_space, user


class ArchiveRefused(ValueError):
    """The archive is rejected and nothing of it is imported; the message names the member."""

    def __init__(self, sentence: str = "", **values: object) -> None:
        """Create an error with a sentence, or with a template and its values."""
        super().__init__(Message(sentence, **values))


class ArchiveTooLarge(ArchiveRefused):
    """The archive exceeds a limit."""


class Limits(NamedTuple):
    """Limits of an archive.

    Attributes:
        members: number of files and folders.
        bytes: total size of the unpacked files.
        ratio: largest ratio of unpacked to packed size.
        ratio_from: unpacked bytes up to which the ratio is not checked.
        folder: where it is unpacked: the reserve of that disk stays free. None disables the check.
    """

    members: int = 200_000
    bytes: int = 20_000_000_000
    ratio: int = 200
    ratio_from: int = 10_000_000
    folder: Path | None = None


def configured() -> Limits:
    """Return the limits set by the environment.

    Raises:
        ValueError: a variable is not a positive integer.
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
    """Count the unpacked bytes and members of an archive.

    Args:
        packed: size of the archive in bytes.
    """

    def __init__(self, limits: Limits, packed: int) -> None:
        self._limits = limits
        self._packed = max(packed, 1)
        self._members = self._bytes = 0

    def member(self) -> None:
        """Count a member.

        Raises:
            ArchiveTooLarge: there are too many members.
        """
        self._members += 1
        if self._members > self._limits.members:
            raise ArchiveTooLarge(
                "The archive has more than {members} members.", members=f"{self._limits.members:,}"
            )

    def count(self, count: int) -> None:
        """Count unpacked bytes.

        Raises:
            ArchiveTooLarge: there are too many.
        """
        self._bytes += count
        self._limit(self._bytes)

    def allow(self, total: int) -> None:
        """Check that an archive may unpack to `total` bytes.

        Raises:
            ArchiveTooLarge: it may not.
            NotEnoughSpace: the disk has no room for the rest.
        """
        self._limit(total)
        if self._limits.folder is not None:
            # The bytes counted so far are on the disk already.
            free_space.require(self._limits.folder, total - self._bytes)

    def _limit(self, total: int) -> None:
        if total > self._limits.bytes:
            raise ArchiveTooLarge(
                "The archive has more than {bytes} bytes unpacked.", bytes=f"{self._limits.bytes:,}"
            )
        if total > self._limits.ratio_from and total > self._limits.ratio * self._packed:
            raise ArchiveTooLarge(
                "The archive unpacks to more than {ratio} times its size.", ratio=self._limits.ratio
            )
