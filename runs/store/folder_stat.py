"""One look at a run folder: which of its files there are, and whether they changed. Pure, and cheap."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from runicorn.store import layout

BRIEF = frozenset({layout.META, layout.STATUS, layout.DELETED})


@dataclass(frozen=True, slots=True)
class Look:
    """What a listing of a run folder tells."""

    names: frozenset[str]
    """The small files that are there."""
    signature: str
    """Changes whenever one of the small files does."""
    written: float
    """The last time the run itself wrote anything; 0 when it never did."""
    touched: float
    """The last time one of the small files changed."""
    journal_bytes: int
    problem: str | None = None
    is_run: bool = True
    """Whether the folder holds a file that Runicorn writes; of one that cannot be listed, nothing is known."""


def look(folder: Path | str) -> Look:
    """List a run folder.

    Raises:
        FileNotFoundError: it is not there, or is no folder.
    """
    marks: list[tuple[str, int, int, int]] = []
    written = touched = 0.0
    journal = 0
    is_run = False
    marking = layout.marks(os.path.basename(folder))
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name not in layout.SMALL and entry.name not in layout.GROWING:
                    continue
                stat = entry.stat(follow_symlinks=False)
                is_run |= entry.name in marking and entry.is_file(follow_symlinks=False)
                if entry.name not in layout.OF_THE_SERVER:
                    written = max(written, stat.st_mtime)
                if entry.name in layout.SMALL:
                    touched = max(touched, stat.st_mtime)
                    marks.append((entry.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
                elif entry.name == layout.EVENTS:
                    journal = stat.st_size
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror, error.filename) from error
    except FileNotFoundError:
        # A file that went away between being listed and being looked at is no missing folder.
        if os.path.isdir(folder):
            return look(folder)
        raise
    except OSError as error:
        return _unreadable(f"The folder could not be listed: {error.strerror or error}.")
    marks.sort()
    signature = blake2b(repr(marks).encode(), digest_size=12).hexdigest()
    names = frozenset(mark[0] for mark in marks)
    return Look(names, signature, written, touched, journal, is_run=is_run)


def glance(folder: str) -> Look:
    """The files that tell where and when a run was, unseen: to list very many runs for the first time.

    One that is missing reads as empty, and a proper look follows.
    """
    deleted = os.path.lexists(f"{folder}/{layout.DELETED}")
    return Look(BRIEF if deleted else BRIEF - {layout.DELETED}, "", 0.0, 0.0, 0)


def _unreadable(problem: str) -> Look:
    signature = blake2b(problem.encode(), digest_size=12).hexdigest()
    return Look(frozenset(), signature, 0.0, 0.0, 0, problem)


def stamp(folder: Path | str) -> int | None:
    """A number that changes when files come, go or are replaced, or the status does; None when nothing is there.

    Two stats, where `look` needs one for each file. What an old SDK rewrites in place is only noticed in
    status.json, which it writes last.
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
