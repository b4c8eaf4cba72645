"""State of a mirror between two syncs: size and time of each fetched file, and deleted runs.

`.sync_state.json` and `.sync_cursor.json` have the names and fields of Runicorn 0.5. Both can be deleted:
files are then compared by size and time, and what differs is fetched again.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.run_files import is_run_folder
from runicorn_tools.sync.inventory import Inventory, is_run_file
from runicorn_tools.sync.manifest.model import encode, folder_of
from runicorn_tools.sync.manifest.scan import RunFiles

STATE, CURSOR, SCAN, LOCK, PARTS = (
    ".sync_state.json",
    ".sync_cursor.json",
    ".sync_scan.json",
    ".sync.lock",
    ".sync_parts",
)
VERSION = "1.0"


@dataclass(slots=True)
class State:
    """Sync state; `load` reads it, `save` writes it.

    Attributes:
        files: remote size and time of each local file, by path.
        seen: by run folder, when the manifest that last listed it was generated; 0 for a listing without a manifest.
        binned: modification time of the deletion marker of each run that was deleted on the remote host.
        listed: runs of the last listing without a manifest.
        cursor: the last manifest, and the number of syncs.
        running: folders of the runs that said they were running; None when that is not recorded yet.
    """

    folder: Path
    files: dict[str, tuple[int, float]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    binned: dict[str, float] = field(default_factory=dict)
    listed: dict[str, RunFiles] = field(default_factory=dict)
    cursor: dict[str, Any] = field(default_factory=dict)
    running: set[str] | None = None

    def load(self) -> None:
        """Read it; missing, damaged and linked files count as empty."""
        content = _read(self.folder / STATE)
        for path, about in _dict(content.get("files")).items():
            size, mtime = _dict(about).get("size"), _dict(about).get("mtime")
            if is_run_file(path) and isinstance(size, int) and isinstance(mtime, int | float):
                self.files[path] = (size, float(mtime))
        for target, name in ((self.seen, "seen"), (self.binned, "binned")):
            target.update(
                (folder, float(moment))
                for folder, moment in _dict(content.get(name)).items()
                if is_run_folder(folder) and isinstance(moment, int | float)
            )
        if isinstance(running := content.get("running"), list):
            self.running = {folder for folder in running if isinstance(folder, str) and is_run_folder(folder)}
        # A state of 0.5 has only the files.
        for path in self.files:
            self.seen.setdefault(folder_of(path), 0.0)
        try:
            for folder, run in _dict(_read(self.folder / SCAN).get("runs")).items():
                self.listed[folder] = RunFiles.from_list(run)
        except (ValueError, TypeError, AttributeError):
            self.listed.clear()
        self.cursor = layout.read_json(self.folder / CURSOR)[0]

    def save(self) -> None:
        now = time.time()
        files = {
            path: {"size": size, "mtime": mtime, "synced_at": now}
            for path, (size, mtime) in self.files.items()
        }
        content: dict[str, Any] = {
            "version": VERSION,
            "files": files,
            "seen": self.seen,
            "binned": self.binned,
        }
        if self.running is not None:
            content["running"] = sorted(self.running)
        _platform.replace_file(self.folder / STATE, encode(content))

    def save_listing(self) -> None:
        """Write the runs of a listing without a manifest."""
        runs = {folder: run.to_list() for folder, run in self.listed.items()}
        _platform.replace_file(self.folder / SCAN, encode({"version": VERSION, "runs": runs}))

    def save_cursor(self, inventory: Inventory) -> None:
        """Record a completed sync."""
        count = self.cursor.get("sync_count")
        self.cursor = {
            "version": VERSION,
            "last_revision": inventory.revision,
            "last_snapshot_id": inventory.snapshot_id,
            "last_sync_time": time.time(),
            "sync_count": (count if isinstance(count, int) else 0) + 1,
        }
        layout.write_json(self.folder / CURSOR, self.cursor)

    def parts(self) -> Path:
        """Return the folder of partial files, created if missing."""
        folder = self.folder / PARTS
        folder.mkdir(exist_ok=True)
        return folder


def _read(path: Path) -> dict[str, Any]:
    # Not `layout.read_json`: with very many runs this is no small file.
    try:
        fd = _platform.open_regular(path, follow_links=False)
        with open(fd, "rb") as file:
            return _dict(json.load(file))
    except (OSError, ValueError, RecursionError):
        return {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sweep(parts: Path, age: float = 7 * 86_400.0) -> None:
    """Remove partial files older than `age` seconds."""
    for part in parts.iterdir():
        if time.time() - part.stat().st_mtime > age:
            os.unlink(part)
