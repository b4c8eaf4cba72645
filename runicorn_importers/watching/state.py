"""State of the watched folders of a storage root, which `watch_service.py` writes and viewers show."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from runicorn.store import curation, layout

FILE = "watching.json"
MISSING = "missing"
"""Error of a folder that does not exist."""


class Folder(NamedTuple):
    """A watched folder; `project` is that of all its runs, or "" for those of the trackers."""

    id: str
    path: str
    project: str


def states(root: Path) -> dict[str, dict[str, Any]]:
    """Return the states of the folders of a storage root by id; those that were not scanned are missing."""
    states_by_id = layout.read_json(root / curation.PRIVATE / FILE)[0].get("folders")
    return states_by_id if isinstance(states_by_id, dict) else {}
