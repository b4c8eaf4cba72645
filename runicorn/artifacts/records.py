"""Versions that a run created and used: `artifacts_created.json` and `artifacts_used.json` in its folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts.store import Version
from runicorn.store import layout

ENTRIES = "artifacts"


def record_created(run_folder: Path, version: Version) -> None:
    about = version.manifest
    entry = {
        **_key(version),
        "created_at": about.created_at,
        "size_bytes": about.total_size,
        "num_files": len(about.files),
        "num_references": len(about.references),
    }
    _add(run_folder, layout.ARTIFACTS_CREATED, entry)


def record_used(run_folder: Path, version: Version) -> None:
    about = version.manifest
    entry = {
        **_key(version),
        "used_at": time.time(),
        "size_bytes": about.total_size,
        "num_files": len(about.files),
    }
    _add(run_folder, layout.ARTIFACTS_USED, entry)


def _key(version: Version) -> dict[str, Any]:
    return {"name": version.artifact.name, "type": version.artifact.type, "version": version.number}


def _add(run_folder: Path, file: str, entry: dict[str, Any]) -> None:
    # Threads and forked processes of one run may log at once and must not overwrite each other's entries.
    with _platform.file_lock(run_folder / ".artifacts.lock"):
        before = layout.read_json(run_folder / file)[0].get(ENTRIES)
        entries = (
            [known_entry for known_entry in before if isinstance(known_entry, dict)]
            if isinstance(before, list)
            else []
        )
        key = (entry["name"], entry["type"], entry["version"])
        if key not in [
            (known_entry.get("name"), known_entry.get("type"), known_entry.get("version"))
            for known_entry in entries
        ]:
            layout.write_json(run_folder / file, {ENTRIES: [*entries, entry]})
