"""Search for the run folders of a store.

A run is stored in `<root>/<project>/<name>/runs/<id>`, or anywhere below `<root>/runs`. No symbolic link is followed: one
that stays inside the store names a folder that is found by its own path, any other would lead out of it.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Container, Iterator
from pathlib import Path

from runicorn.store import layout, pending_imports


def all_runs(root: Path, runs: Container[str] = ()) -> Iterator[str]:
    """Yield every run folder, relative to the root with forward slashes, project by project.

    Folders in `runs` are runs, and not looked at.
    """
    for parent in _parents(root):
        for name in _names(root, parent):
            folder = f"{parent}/{name}"
            if folder in runs or is_run(f"{root}/{folder}"):
                yield folder


def find(root: Path, run_id: str) -> list[str]:
    """Return the folders with a run id, at the cost of one stat per experiment."""
    if not run_id or run_id.startswith(".") or "/" in run_id or "\0" in run_id:
        return []
    return [
        f"{parent}/{run_id}"
        for parent in _parents(root)
        if _is_folder(root / parent / run_id) and is_run(root / parent / run_id)
    ]


def find_several(root: Path, run_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the folders of each id that has any, by one walk through the store."""
    if len(run_ids) < 3:  # faster than listing every experiment
        return {run_id: folders for run_id in run_ids if (folders := find(root, run_id))}
    requested_ids, folders_by_id = frozenset(run_ids), defaultdict[str, list[str]](list)
    for parent in _parents(root):
        for name in requested_ids.intersection(_names(root, parent)):
            if is_run(root / parent / name):
                folders_by_id[name].append(f"{parent}/{name}")
    return dict(folders_by_id)


def is_run(folder: Path | str) -> bool:
    """Return whether a folder is known to be a run; an unreadable one is not."""
    try:
        return layout.is_run(folder)
    except OSError:
        return False


def _parents(root: Path) -> Iterator[str]:
    """Yield the folders that hold runs."""
    pending_imports.finish(root)
    yield from _groups(root, layout.RUNS, layout.PATH_DEPTH)
    for project in _names(root, ""):
        for name in _names(root, project):
            if _is_folder(root / project / name / layout.RUNS):
                yield f"{project}/{name}/{layout.RUNS}"


def _groups(root: Path, relative: str, depth: int) -> Iterator[str]:
    """Yield a folder of `<root>/runs` that is not a run, and those below it."""
    if not _is_folder(root / relative):
        return
    yield relative
    for name in _names(root, relative) if depth else ():
        if not is_run(root / relative / name):
            yield from _groups(root, f"{relative}/{name}", depth - 1)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _names(root: Path, relative: str) -> list[str]:
    try:
        return sorted(list_folders(root, root / relative, relative)[0])
    except OSError:
        return []


def list_folders(root: Path, path: Path, relative: str) -> tuple[set[str], list[str]]:
    """Return the folders in a folder of the store that may contain runs, and messages about the others."""
    names: set[str] = set()
    problems: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(".") or (not relative and entry.name in layout.SKIPPED_TOP):
                continue
            if entry.is_symlink():
                problems += link_problem(root, f"{relative}/{entry.name}" if relative else entry.name)
            elif entry.is_dir(follow_symlinks=False) and _is_text(entry.name):
                names.add(entry.name)
            elif not _is_text(entry.name):
                problems.append(f"A folder in {relative or 'the storage root'} has no readable name.")
    return names, problems


def link_problem(root: Path, relative: str) -> list[str]:
    """Return a message about a link to a folder outside of the store; None for any other link."""
    target = os.path.realpath(root / relative)
    if Path(target).is_relative_to(root) or not os.path.isdir(target):
        return []
    display_path = relative.encode(errors="replace").decode()
    return [f"{display_path} is a link that leads out of the storage root and is not followed."]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
