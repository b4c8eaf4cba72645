"""What a mirror has to do, from what was told of the other machine and what is here. Reads sizes and times, no more."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.manifest.files import priority_of
from runicorn.store import layout
from runicorn.sync.checking import Mark, Told
from runicorn.sync.state import State

KEPT = layout.GROWING | {layout.META, layout.STATUS}
"""What stays here when it is gone over there while its run is not: without it there is no run to look at."""
PERSONAL = frozenset({layout.CURATION, layout.DELETED})
"""What a person says of a run in the viewer here. What was said here since the last visit stays."""


@dataclass(slots=True)
class Job:
    """One file to fetch."""

    path: str
    mark: Mark
    priority: int


@dataclass(slots=True)
class Plan:
    """What has to be done."""

    jobs: list[Job] = field(default_factory=list)
    same: int = 0
    """Files that are as they should be."""
    unlink: list[str] = field(default_factory=list)
    """Paths of files that are gone over there."""
    bin: list[str] = field(default_factory=list)
    """Folders of runs that are gone over there."""
    unbin: list[str] = field(default_factory=list)
    """Folders of runs that were, and are back."""
    strangers: list[str] = field(default_factory=list)
    """Folders that are here and were not put here by us."""


def plan(told: Told, state: State, root: Path) -> Plan:
    """Compare what was told with what is here.

    Args:
        told: of the other machine.
        state: what is remembered of the last visit; files that are found as they should be are added to it.
        root: the folder here.
    """
    made = Plan()
    for folder, marks in told.runs.items():
        if folder not in state.seen and os.path.lexists(root / folder):
            made.strangers.append(folder)
        _files_of(made, state, root, folder, marks)
        if folder in state.binned:
            made.unbin.append(folder)
    if told.tells_all_files:
        made.unlink += _gone_files(told, state, root)
    made.bin += [
        folder
        for folder, seen in state.seen.items()
        if folder not in told.runs and folder not in state.binned and _is_gone(told, folder, seen)
    ]
    made.jobs.sort(key=lambda job: (job.priority, not job.path.endswith(layout.META), job.mark.size))
    return made


def _files_of(made: Plan, state: State, root: Path, folder: str, marks: dict[str, Mark]) -> None:
    for name, mark in marks.items():
        path = f"{folder}/{name}"
        known, here = state.files.get(path), _look(root / path)
        is_known = known is not None and known[0] == mark.size and same_time(known[1], mark.mtime)
        if here is not None and here[0] == mark.size and same_time(here[1], mark.mtime):
            # It was here before we knew of it, or is what was fetched.
            state.files[path] = (mark.size, here[1])
            made.same += 1
        elif name in PERSONAL and _was_said_here(name, known, here, is_known):
            made.same += 1
        else:
            made.jobs.append(Job(path, mark, priority_of(name) or 0))


def _was_said_here(
    name: str, known: tuple[int, float] | None, here: tuple[int, float] | None, is_known: bool
) -> bool:
    if here is None:  # restored here, and over there nothing new was said
        return name == layout.DELETED and is_known
    return known is None or here[0] != known[0] or not same_time(here[1], known[1])


def _gone_files(told: Told, state: State, root: Path) -> list[str]:
    gone = []
    for path, known in state.files.items():
        folder, name = _split(told, path)
        if folder is None or name in told.runs[folder] or name in KEPT:
            continue
        here = _look(root / path)
        # What was changed here since is not ours to remove.
        if here is None or (here[0] == known[0] and same_time(here[1], known[1])):
            gone.append(path)
    return gone


def _split(told: Told, path: str) -> tuple[str | None, str]:
    folder, rest = layout.split_run_path(path)
    return (folder if folder in told.runs else None), rest


def _is_gone(told: Told, folder: str, seen: float) -> bool:
    """Whether a run that is not told of was there after all when the manifest was made."""
    if not told.is_complete or (told.generated_at and seen >= told.generated_at):
        return False
    return not any(folder == place or folder.startswith(f"{place}/") for place in told.unread)


def _look(path: Path) -> tuple[int, float] | None:
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return None
    return (about.st_size, about.st_mtime) if stat.S_ISREG(about.st_mode) else None


def same_time(one: float, other: float) -> bool:
    """Whether two times of a file are the same; SFTP knows whole seconds only, and disks differ in precision."""
    if abs(one - other) < 1e-3:
        return True
    whole = one == math.floor(one) or other == math.floor(other)
    return whole and math.floor(one) == math.floor(other)
