"""Candidates for cleaning a store: dead runs, old runs, and leftovers of interrupted writes.

Runs are moved into the recycle bin; only leftover files are removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.artifacts.store import Store
from runicorn.store import curation, find, layout
from runicorn.store.process_identity import NOT_FOUND, ProcessRecord, has_ended, is_in_grace
from runicorn_tools.archives.staging import SENT, WAITING

LEFTOVER_SECONDS = 3600.0
"""Age from which a temporary file beside another one counts as a leftover."""
# Temporary names of `_platform.replace_file` and of Runicorn 0.5.
_BESIDE = re.compile(r"\..+\.tmp")


class RunResumed(RuntimeError):
    """A run that was about to be moved to the recycle bin is being written to."""


@dataclass(frozen=True)
class Candidate:
    """A run that can be moved to the recycle bin.

    Attributes:
        status: status in its `status.json`.
        touched: time of the last write to its files, Unix seconds.
        bytes: size of all its files.
    """

    folder: Path
    status: str
    touched: float
    bytes: int

    @property
    def run_id(self) -> str:
        return self.folder.name


def zombies(root: Path, before: float, now: float) -> Iterator[Candidate]:
    """Find runs that did not end by themselves: marked as running with a dead process, or found dead by a viewer.

    Args:
        before: only runs without writes since; Unix seconds.
        now: current time in Unix seconds.
    """
    for folder, status in _runs(root):
        touched = _touched(folder)
        if touched <= before and _is_zombie(folder, status, touched, now):
            yield Candidate(folder, _word(status), touched, _size(folder))


def ended(root: Path, before: float) -> Iterator[Candidate]:
    """Find runs that ended, wrote nothing since, and are not pinned.

    Args:
        before: Unix seconds.
    """
    for folder, status in _runs(root):
        if _word(status) in ("", layout.RUNNING) or _touched(folder) > before or _ended(status) > before:
            continue
        if layout.read_json(folder / layout.CURATION)[0].get("pinned") is not True:
            yield Candidate(folder, _word(status), _touched(folder), _size(folder))


def leftovers(root: Path, before: float) -> Iterator[tuple[Path, int]]:
    """Return incomplete files and uploads, and archives waiting for confirmation, with their sizes.

    Those written to since `before` are left out.
    """
    store = Store(root)
    private = root / curation.PRIVATE
    places: list[Path] = [
        private,
        *([] if private.is_symlink() else [private / curation.PARTS]),
        *(root / relative for relative in find.all_runs(root)),
    ]
    for artifact in store.folders():
        places += [artifact.path, *(artifact.version(number).path for number in artifact.numbers())]
    places += [sample_set for run in places[1:] for sample_set in (run / layout.SAMPLES).glob("*/")]
    for folder in (path for path in places if not path.is_symlink()):
        for entry in _files(folder):
            about = entry.stat(follow_symlinks=False)
            is_archive = folder == private and entry.name.startswith((SENT, WAITING))
            is_part = folder.parent == private
            if (is_archive or is_part or _BESIDE.fullmatch(entry.name)) and about.st_mtime <= before:
                yield Path(entry.path), about.st_size


def move_to_bin(root: Path, candidate: Candidate, reason: str) -> None:
    """Move a run to the recycle bin, unless it was resumed meanwhile.

    Raises:
        RunResumed: it was, or it no longer exists.
    """
    status, problem = layout.read_json(candidate.folder / layout.STATUS)
    changed = problem or _word(status) != candidate.status or _touched(candidate.folder) > candidate.touched
    alive = candidate.status == layout.RUNNING and not has_ended(_process(candidate.folder))
    if changed or alive or not curation.put_into_bin(root, candidate.folder, candidate.status, reason):
        raise RunResumed(f"{candidate.run_id} was resumed meanwhile, or no longer exists")
    curation.stir(candidate.folder)


def remove(files: Iterable[Path]) -> int:
    """Remove leftovers; return the bytes freed. Files that another process removed meanwhile do not count."""
    freed = 0
    for path in files:
        with suppress(FileNotFoundError):
            size = path.stat(follow_symlinks=False).st_size
            path.unlink()
            freed += size
    return freed


def _runs(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the runs that are not in the recycle bin, with the content of `status.json`."""
    for relative in find.all_runs(root):
        folder = root / relative
        if not os.path.lexists(folder / layout.DELETED):
            status, problem = layout.read_json(folder / layout.STATUS)
            if not problem and status:
                yield folder, status


def _is_zombie(folder: Path, status: dict[str, Any], touched: float, now: float) -> bool:
    if _word(status) != layout.RUNNING:
        return _word(status) == layout.FAILED and status.get("exit_reason") == NOT_FOUND
    process = _process(folder)
    return has_ended(process) and not is_in_grace(process, touched, now)


def _process(folder: Path) -> ProcessRecord:
    return ProcessRecord.from_dict(layout.read_json(folder / layout.META)[0])


def _word(status: dict[str, Any]) -> str:
    word = status.get("status")
    return word if isinstance(word, str) else ""


def _ended(status: dict[str, Any]) -> float:
    moment = status.get("ended_at")
    return float(moment) if isinstance(moment, int | float) and moment == moment else 0.0


def _files(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []


def _touched(folder: Path) -> float:
    """Return when a file of a run was last written, not counting curation."""
    times = [
        entry.stat(follow_symlinks=False).st_mtime
        for entry in _files(folder)
        if entry.name not in (layout.CURATION, layout.SAMPLE_NOTES) and not _BESIDE.fullmatch(entry.name)
    ]
    return max(times, default=0.0)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
