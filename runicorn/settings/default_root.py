"""Default storage root, and warnings about roots that may not last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runicorn.store.notices import say
from runicorn.store.values import REFUSALS

FSTAB = "/etc/fstab"
MOUNT_FOLDERS = ("/mnt", "/media", "/run/media", "/Volumes")
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")
TEMPORARY_VARIABLES = ("TMPDIR", "TEMP", "TMP", "SLURM_TMPDIR", "_CONDOR_SCRATCH_DIR", "PBS_JOBFS")
RAY_VARIABLES = ("TUNE_ORIG_WORKING_DIR", "RAY_RAYLET_PID")
DEFAULT_NAME = ".runicorn"
_warned: set[tuple[int, Path]] = set()


def default_root() -> str:
    """Return `./.runicorn`; below Hydra's original working directory if Hydra has changed into a job folder."""
    return os.path.join(_hydra_folder() or "", DEFAULT_NAME)


def _hydra_folder() -> str | None:
    hydra = sys.modules.get("hydra.core.hydra_config")  # not loaded: no job of Hydra
    if hydra is None:
        return None
    try:
        return str(hydra.HydraConfig.get().runtime.cwd) if hydra.HydraConfig.initialized() else None
    except REFUSALS:
        return None


def find_unmounted(root: Path) -> Path | None:
    """Return the folder above a new root where a file system may not be mounted; None if there is no sign of that."""
    # The root is relative if the working directory was removed: nothing can be written there, nor stat'ed above it.
    if not root.is_absolute() or not _is_empty(root):
        return None
    mount_points = _mount_points()
    for folder in (root, *list(root.parents)[:-1]):
        if os.path.ismount(folder):
            break
        # An ordinary folder has other content; a mount point without its file system has none.
        if str(folder) in mount_points or (_is_for_mounts(folder.parent) and _contains_only(folder, root)):
            return folder
    return None


def warn_about(root: Path, *, is_default: bool, unmounted: Path | None) -> None:
    """Report, once for each root, that runs may be lost or in an unexpected place.

    Args:
        root: the storage root of a run that has begun.
        is_default: whether it is the default, not chosen by argument, variable or configuration.
        unmounted: result of `find_unmounted` before the run began.
    """
    if (os.getpid(), root) in _warned:
        return
    _warned.add((os.getpid(), root))
    kind = _short_lived(root) if is_default else None
    if kind:
        keep = "set RUNICORN_DIR, run `runicorn config --set-user-root DIR`, or pass init(storage=DIR)"
        say(f"the run is stored in {root}, {kind}. To keep runs elsewhere: {keep}.")
    elif unmounted and not is_default:
        say(
            f"created a new storage root in {root}. No file system is mounted at {unmounted}: is one missing?"
        )


def _short_lived(root: Path) -> str | None:
    if any(part.startswith("session_") for part in root.parts) and "ray" in root.parts:
        return "in the session folder of Ray"
    if any(os.environ.get(name) for name in RAY_VARIABLES):
        return "in the working directory of a Ray job"
    temporary_folders = [os.environ[name] for name in TEMPORARY_VARIABLES if os.environ.get(name)]
    if any(root.is_relative_to(os.path.realpath(folder)) for folder in (*TEMPORARY, *temporary_folders)):
        return "a temporary folder"
    return None


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _contains_only(folder: Path, root: Path) -> bool:
    """Return whether a folder is missing, or has nothing but what leads to `root`."""
    try:
        with os.scandir(folder) as entries:
            return all(root.is_relative_to(entry.path) for entry in entries)
    except OSError:
        return not folder.exists()


def _is_for_mounts(folder: Path) -> bool:
    return str(folder) in MOUNT_FOLDERS or str(folder.parent) in ("/media", "/run/media")


def _mount_points() -> set[str]:
    try:
        with open(FSTAB, encoding="utf-8", errors="replace") as file:
            fields = [line.split() for line in file if not line.lstrip().startswith("#")]
    except OSError:
        return set()
    return {columns[1].replace("\\040", " ") for columns in fields if len(columns) > 1}
