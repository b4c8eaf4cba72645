"""Plan of one sync, from the remote inventory and the sizes and times of local files."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.store import layout
from runicorn.store.run_files import priority_of
from runicorn_tools.sync.inventory import FileInfo, Inventory
from runicorn_tools.sync.state import State

KEPT = layout.GROWING | {layout.META, layout.STATUS}
"""Files that are kept if only they were deleted on the remote host: a run is unreadable without them."""
PERSONAL = frozenset({layout.CURATION, layout.SAMPLE_NOTES, layout.DELETED})
"""Files that a user of the local server edits. Edits since the last sync win."""


@dataclass(slots=True)
class Download:
    path: str
    info: FileInfo
    priority: int


@dataclass(slots=True)
class Plan:
    downloads: list[Download] = field(default_factory=list)
    same: int = 0
    """Number of files that are up to date."""
    unlink: list[str] = field(default_factory=list)
    """Paths of files that were deleted on the remote host."""
    to_bin: list[str] = field(default_factory=list)
    """Folders of runs that were deleted on the remote host."""
    to_restore: list[str] = field(default_factory=list)
    """Folders of runs that were deleted there and are back."""
    unrelated: list[str] = field(default_factory=list)
    """Local folders that no earlier sync created."""


def make_plan(inventory: Inventory, state: State, root: Path) -> Plan:
    """Compare the remote inventory with the local files.

    Args:
        inventory: the runs of the remote host.
        state: the state of the last sync; files that are already up to date are added to it.
        root: the local storage root.
    """
    plan = Plan()
    for folder, files in inventory.runs.items():
        if folder not in state.seen and os.path.lexists(root / folder):
            plan.unrelated.append(folder)
        _plan_files(plan, state, root, folder, files)
        if folder in state.binned:
            plan.to_restore.append(folder)
    if inventory.lists_all_files:
        plan.unlink += _gone_files(inventory, state, root)
    plan.to_bin += [
        folder
        for folder, stamp in state.seen.items()
        if folder not in inventory.runs and folder not in state.binned and _is_gone(inventory, folder, stamp)
    ]
    plan.downloads.sort(
        key=lambda download: (download.priority, not download.path.endswith(layout.META), download.info.size)
    )
    return plan


def _plan_files(plan: Plan, state: State, root: Path, folder: str, files: dict[str, FileInfo]) -> None:
    for name, info in files.items():
        path = f"{folder}/{name}"
        synced, local = state.files.get(path), _local_state(root / path)
        is_known = synced is not None and synced[0] == info.size and same_time(synced[1], info.mtime)
        if local is not None and local[0] == info.size and same_time(local[1], info.mtime):
            # Fetched before, or by a sync whose state was lost.
            state.files[path] = (info.size, local[1])
            plan.same += 1
        elif name in PERSONAL and _was_edited_locally(name, synced, local, is_known):
            plan.same += 1
        else:
            plan.downloads.append(Download(path, info, priority_of(name) or 0))


def _was_edited_locally(
    name: str, synced: tuple[int, float] | None, local: tuple[int, float] | None, is_known: bool
) -> bool:
    if local is None:  # restored here, and not deleted again on the remote host
        return name == layout.DELETED and is_known
    return synced is None or local[0] != synced[0] or not same_time(local[1], synced[1])


def _gone_files(inventory: Inventory, state: State, root: Path) -> list[str]:
    missing = []
    for path, synced in state.files.items():
        folder, name = _split(inventory, path)
        if folder is None or name in inventory.runs[folder] or name in KEPT:
            continue
        local = _local_state(root / path)
        # A local edit is kept.
        if local is None or (local[0] == synced[0] and same_time(local[1], synced[1])):
            missing.append(path)
    return missing


def _split(inventory: Inventory, path: str) -> tuple[str | None, str]:
    folder, rest = layout.split_run_path(path)
    return (folder if folder in inventory.runs else None), rest


def _is_gone(inventory: Inventory, folder: str, stamp: float) -> bool:
    """Return whether a run missing in the inventory was deleted, and not merely created after its manifest."""
    if not inventory.is_complete or (inventory.generated_at and stamp >= inventory.generated_at):
        return False
    return not any(folder == place or folder.startswith(f"{place}/") for place in inventory.unread)


def _local_state(path: Path) -> tuple[int, float] | None:
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return None
    return (about.st_size, about.st_mtime) if stat.S_ISREG(about.st_mode) else None


def same_time(first: float, other: float) -> bool:
    """Whether two times of a file are the same; SFTP knows whole seconds only, and disks differ in precision."""
    if abs(first - other) < 1e-3:
        return True
    has_whole_seconds = first == math.floor(first) or other == math.floor(other)
    return has_whole_seconds and math.floor(first) == math.floor(other)
