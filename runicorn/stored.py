"""The run folders of a store, found by looking: `<root>/<project>/<name>/runs/<id>`, and `<root>/runs/<id>` as before 0.4.

No symbolic link is followed: one that stays inside the store names a folder that is found by its own path, any other
would lead out of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from runicorn import layout


def all_runs(root: Path) -> Iterator[str]:
    """Every run folder, relative to the root with forward slashes, project by project."""
    for relative in _experiments(root):
        if not os.path.islink(root / relative):
            for name in _names(root, relative):
                yield f"{relative}/{name}"


def find(root: Path, run_id: str) -> list[str]:
    """The folders of a run id, looked for in every experiment: one stat each."""
    if not run_id or run_id.startswith(".") or "/" in run_id or "\0" in run_id:
        return []
    found = []
    for relative in _experiments(root):
        folder = f"{relative}/{run_id}"
        try:
            if stat.S_ISDIR(os.stat(root / folder, follow_symlinks=False).st_mode):
                found.append(folder)
        except (OSError, ValueError):
            continue
    return [folder for folder in found if not os.path.islink(root / folder.rpartition("/")[0])]


def _experiments(root: Path) -> Iterator[str]:
    yield "runs"
    for project in _names(root, ""):
        for name in _names(root, project):
            yield f"{project}/{name}/runs"


def _names(root: Path, relative: str) -> list[str]:
    try:
        return sorted(list_folders(root, root / relative, relative)[0])
    except OSError:
        return []


def list_folders(root: Path, path: Path, relative: str) -> tuple[set[str], list[str]]:
    """The folders in a folder of the store that may lead to runs, and sentences about the others.

    Raises:
        OSError: it could not be listed.
    """
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
    """A sentence about a link to a folder outside of the store; nothing about any other link."""
    target = os.path.realpath(root / relative)
    if Path(target).is_relative_to(root) or not os.path.isdir(target):
        return []
    shown = relative.encode(errors="replace").decode()
    return [f"{shown} is a link that leads out of the storage root and is not followed."]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
