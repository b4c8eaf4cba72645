"""Search for an earlier run with the same config, code and seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn.capture.sources.record import Sources
from runicorn.store import layout

LOOKED_AT = 1000
"""Number of newest runs of a project that are read."""


def find(run_dir: Path) -> str | None:
    """Return the id of the newest finished run of the project with the same config and sources; None without one."""
    config, identity = layout.read_json(run_dir / layout.CONFIG)[0], Sources(run_dir).identity
    if not config or not identity:
        return None
    begun = layout.read_json(run_dir / layout.META)[0].get("created_at")
    for other in _earlier(run_dir):
        if Sources(other).identity != identity or layout.read_json(other / layout.CONFIG)[0] != config:
            continue
        status = layout.read_json(other / layout.STATUS)[0]
        # Several trackers of one program may have runs side by side.
        is_before = not _is_later(status.get("ended_at"), begun)
        if status.get("status") == layout.FINISHED and is_before and not (other / layout.DELETED).exists():
            return other.name
    return None


def _is_later(ended: Any, begun: Any) -> bool:
    times = (ended, begun)
    return all(isinstance(value, (int, float)) for value in times) and ended > begun


def _earlier(run_dir: Path) -> Iterator[Path]:
    is_in_project = run_dir.parent.name == layout.RUNS
    pattern = f"*/{layout.RUNS}/*" if is_in_project else "*"
    folders = run_dir.parents[2].glob(pattern) if is_in_project else run_dir.parent.glob(pattern)
    second = layout.second_of(run_dir.name)
    newest = sorted(
        (path for path in folders if layout.second_of(path.name) <= second and path != run_dir),
        key=lambda path: path.name,
        reverse=True,
    )
    yield from newest[:LOOKED_AT]
