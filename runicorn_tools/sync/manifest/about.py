"""Description of one run in a manifest, read from its small files and tolerant of their content."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.store import layout

UNKNOWN = "unknown"
SOURCES = (layout.META, layout.STATUS, layout.CURATION, layout.DELETED)
"""The files that it is read from."""


class About(NamedTuple):
    """Description of a run."""

    project: str
    name: str
    status: str
    created_at: float
    tags: list[str] | None
    deleted_at: float | None


def about(root: Path, folder: str, files: dict[str, tuple[int, float]]) -> About:
    """Read the description of a run.

    Args:
        folder: the run's folder relative to it.
        files: size and time of its files by name.
    """
    description = {name: layout.read_json(root / folder / name)[0] for name in SOURCES if name in files}
    meta, status = description.get(layout.META, {}), description.get(layout.STATUS, {})
    project, name = _names(folder, meta)
    earliest = min((mtime for _, mtime in files.values()), default=0.0)
    created = _time(meta.get("created_at")) or _time(status.get("started_at")) or earliest
    deleted = None
    if layout.DELETED in files:
        deleted = _time(description[layout.DELETED].get("deleted_at")) or files[layout.DELETED][1]
    return About(
        project=project,
        name=name,
        status=_text(status.get("status")) or UNKNOWN,
        created_at=created,
        tags=_tags(description.get(layout.CURATION, {}).get("tags", meta.get("tags"))),
        deleted_at=deleted,
    )


def _names(folder: str, meta: dict[str, Any]) -> tuple[str, str]:
    path = layout.path_of_folder(folder)
    if path is None:
        project, name = folder.split("/")[:2]
        return project, name
    project, name = layout.names_of_path(path)
    if "path" in meta:
        try:
            return layout.names_of_path(layout.check_path(meta["path"]))
        except layout.InvalidName:
            return project, name
    return _name(meta.get("project"), project), _name(meta.get("name"), name)


def _name(value: Any, usual: str) -> str:
    try:
        return layout.check_name(value, "name")
    except layout.InvalidName:
        return usual


def _text(value: Any) -> str:
    return layout.CONTROL.sub("�", value)[:64] if isinstance(value, str) else ""


def _time(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        moment = float(value)
    except OverflowError:
        return None
    return moment if math.isfinite(moment) else None


def _tags(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return [layout.CONTROL.sub("�", tag) for tag in value if isinstance(tag, str)]
