"""Runs of a store for the output of a notebook's cell: `rn.show`, `rn.compare`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Union

from runicorn import extension_points
from runicorn.cells.view import MOST_RUNS, RunsView
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.tracking.notebook import active_root
from runicorn.tracking.run import Run

Named = Union[str, Run]


def show(
    where: str | None = None,
    *,
    project: str | None = None,
    limit: int = 10,
    storage: str | os.PathLike[str] | None = None,
) -> RunsView:
    """Return the newest runs of a store for the output of a cell.

    Args:
        where: condition, as in the API: `"config.lr < 0.05"`; it needs the viewer to be installed.
        project: only runs of a project.
        limit: maximum number of runs, 20 at most.
        storage: the storage root; that of the active run if not given, else as in `init`.

    Raises:
        ImportError: there is a condition, and the viewer is not installed.
        ValueError: the condition is malformed.
    """
    root = _root(storage)
    limit = max(1, min(int(limit), MOST_RUNS))
    if where:
        rows = extension_points.load(extension_points.NAMES, "runs")(
            where, root, project=project, limit=limit, as_="records"
        )
        return RunsView(root, _folders(root, [row["id"] for row in rows]))
    folders = sorted(
        (root / folder for folder in find.all_runs(root)), key=lambda folder: folder.name, reverse=True
    )
    matches = [
        folder
        for folder in folders
        if not (folder / layout.DELETED).exists() and (project is None or _project(folder) == project)
    ]
    return RunsView(root, matches[:limit])


def compare(*runs: Named | Iterable[Named], storage: str | os.PathLike[str] | None = None) -> RunsView:
    """Return runs side by side for the output of a cell.

    Args:
        runs: runs, or their ids.
        storage: the storage root; that of the first run, or of the active run, if not given.

    Raises:
        LookupError: an id is unknown.
    """
    named = [item for run in runs for item in _several(run)]
    roots = [run.storage_root for run in named if not isinstance(run, str)]
    root = roots[0] if roots and storage is None else _root(storage)
    folders = [
        folder
        for run in named
        for folder in (_folders(root, [run]) if isinstance(run, str) else [run.run_dir])
    ]
    return RunsView(root, folders[:MOST_RUNS])


def _several(run: Named | Iterable[Named]) -> list[Named]:
    return [run] if isinstance(run, (str, Run)) else list(run)


def _root(storage: str | os.PathLike[str] | None) -> Path:
    return active_root(None) if storage is None else user.storage_root(storage)


def _folders(root: Path, run_ids: Iterable[str]) -> list[Path]:
    folders = []
    for run_id in run_ids:
        places = find.find(root, run_id)
        if not places:
            raise LookupError(f"Run not found: {run_id}")
        folders.append(root / places[0])
    return folders


def _project(folder: Path) -> str:
    return str(layout.read_json(folder / layout.META)[0].get("project") or "")
