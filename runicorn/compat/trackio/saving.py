"""`trackio.save`: files of a project."""

from __future__ import annotations

import glob
import os
import shutil
from pathlib import Path

from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.store import Store
from runicorn.compat.artifacts import fit_name
from runicorn.compat.guard import guarded
from runicorn.compat.saved_files import FILES, target
from runicorn.compat.trackio.tracked_run import active_run
from runicorn.settings import user


def save(glob_str: str | os.PathLike[str], project: str | None = None) -> str:
    """Copy files into the folder of the active run, and return that folder.

    Without an active run they become a version of the artifact `<project>-files`, and its folder is returned.

    Args:
        glob_str: a path or a pattern; `**` matches any folders.
        project: used without an active run.

    Raises:
        RuntimeError: there is neither a run nor a project.
        ValueError: no file matches.
    """
    run = active_run()
    if run is None and project is None:
        raise RuntimeError(
            "No project specified. Either call trackio.init() first or provide a project parameter to trackio.save()."
        )
    pattern = os.fspath(glob_str)
    paths = (
        [pattern]
        if os.path.isfile(pattern)
        else sorted(filter(os.path.isfile, glob.glob(pattern, recursive=True)))
    )
    if not paths:
        raise ValueError(f"No files found matching pattern: {pattern}")
    files = {_inside(path): path for path in paths}
    if run is None:
        return _store(files, fit_name(f"{project}-files"))
    if run._also is not None:
        run._also("save", pattern)
    with guarded(f"trackio.save({pattern!r})"):
        for inside, path in files.items():
            copy = target(run._run, inside)
            if os.path.abspath(path) != os.path.abspath(copy):
                shutil.copy2(path, copy)
    return run.dir


def _inside(path: str) -> str:
    """Return the path relative to the working directory, or the name of a file elsewhere."""
    absolute, here = Path(path).resolve(), Path.cwd().resolve()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else absolute.name


def _store(files: dict[str, str], name: str) -> str:
    artifact, store = Artifact(name, "custom"), Store(user.storage_root(None))
    with guarded(f"trackio.save of {name!r}"):
        for inside, path in files.items():
            artifact.add_file(path, inside)
        return str(artifact.log_to(store, "").path / FILES)
    return ""
