"""Folder of a project."""

from __future__ import annotations

from pathlib import Path

from runicorn.store import layout
from runicorn.store.containment import check_inside


def project_folder(root: Path, project: str) -> Path:
    return check_inside(root, root / layout.check_name(project, "project"))
