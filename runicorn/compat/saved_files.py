"""Files that a script saves: copied into `files/` in the folder of its run."""

from __future__ import annotations

from pathlib import Path

from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.names import check_path
from runicorn.compat.artifacts import fit_name
from runicorn.tracking.run import Run

FILES = "files"


def target(run: Run, name: str) -> Path:
    """Return the path of a saved file; its folder is created.

    Raises:
        InvalidArtifact: the name is not a relative path.
    """
    path = run.run_dir / FILES / check_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def store_version(run: Run) -> None:
    """Store all saved files of a run as a version of type "custom", if there are any."""
    folder = run.run_dir / FILES
    if folder.is_dir() and any(folder.iterdir()):
        run.log_artifact(Artifact(fit_name(f"{run.name}-{run.id[-6:]}"), "custom").add_dir(folder))
