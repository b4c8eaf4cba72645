"""State of a run folder: which of its files exist, and whether they changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from runicorn.store import heartbeat, layout

BRIEF = frozenset({layout.META, layout.STATUS, layout.DELETED})


@dataclass(frozen=True, slots=True)
class FolderState:
    """Result of listing a run folder."""

    names: frozenset[str]
    """The existing small files."""
    signature: str
    """Changes whenever one of the small files changes."""
    written: float
    """Time of the run's last write; 0 if it never wrote."""
    touched: float
    """Time of the last change of a small file."""
    journal_bytes: int
    problem: str | None = None
    is_run: bool = True
    """Whether the folder contains a file of Runicorn; true if it cannot be listed."""
    size: int = 0
    """Bytes of the files of Runicorn."""
    others: tuple[str, ...] = ()
    """Names of everything else in the folder."""


def read_state(folder: Path | str) -> FolderState:
    """List a run folder.

    Raises:
        FileNotFoundError: it does not exist, or is not a folder.
    """
    marks: list[tuple[str, int, int, int]] = []
    written_at = touched = 0.0
    journal = size = 0
    is_run = False
    others: list[str] = []
    marking = layout.marks(os.path.basename(folder))
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == heartbeat.NAME:
                    marks.append((entry.name, entry.stat(follow_symlinks=False).st_mtime_ns, 0, 0))
                if entry.name not in layout.SMALL and entry.name not in layout.GROWING:
                    others.append(entry.name)
                    continue
                stat = entry.stat(follow_symlinks=False)
                size += stat.st_size
                is_run |= entry.name in marking and entry.is_file(follow_symlinks=False)
                if entry.name not in layout.OF_THE_SERVER:
                    written_at = max(written_at, stat.st_mtime)
                if entry.name in layout.SMALL:
                    touched = max(touched, stat.st_mtime)
                    marks.append((entry.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
                elif entry.name == layout.EVENTS:
                    journal = stat.st_size
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror, error.filename) from error
    except FileNotFoundError:
        # A file may be deleted between listing and stat; only the folder matters here.
        if os.path.isdir(folder):
            return read_state(folder)
        raise
    except OSError as error:
        return _unreadable(f"The folder could not be listed: {error.strerror or error}.")
    marks.sort()
    signature = blake2b(repr(marks).encode(), digest_size=12).hexdigest()
    names = frozenset(mark[0] for mark in marks) - {heartbeat.NAME}
    return FolderState(
        names, signature, written_at, touched, journal, is_run=is_run, size=size, others=tuple(others)
    )


def assumed_state(folder: str) -> FolderState:
    """Return an assumed state with the files that identify a run, to list very many runs for the first time.

    A missing file reads as empty, and `read_state` follows.
    """
    deleted = os.path.lexists(f"{folder}/{layout.DELETED}")
    return FolderState(BRIEF if deleted else BRIEF - {layout.DELETED}, "", 0.0, 0.0, 0)


def _unreadable(problem: str) -> FolderState:
    signature = blake2b(problem.encode(), digest_size=12).hexdigest()
    return FolderState(frozenset(), signature, 0.0, 0.0, 0, problem)


def stamp(folder: Path | str) -> int | None:
    """Return a number that changes when files are added, removed or replaced or the status changes; None if missing.

    It takes two stats, and `read_state` one for each file. Of the files that an old SDK rewrites in place only
    status.json is noticed, which it writes last.
    """
    try:
        own = os.stat(folder, follow_symlinks=False)
    except OSError:
        return None
    try:
        status = os.stat(f"{folder}/{layout.STATUS}", follow_symlinks=False)
    except OSError:
        return hash((own.st_mtime_ns, own.st_ino))
    return hash((own.st_mtime_ns, own.st_ino, status.st_mtime_ns, status.st_size))
