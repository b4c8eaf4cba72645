"""Default storage root, and warnings about roots that may not last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runicorn.notices import say
from runicorn.values import REFUSALS

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


def is_empty(root: Path) -> bool:
    """Whether nothing is in the folder, or it does not exist."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:
        return False


def warn_about(root: Path, *, is_default: bool, is_new: bool) -> None:
    """Report, once for each root, that runs may be lost or in an unexpected place.

    Args:
        root: the storage root of a run that begins.
        is_default: nobody has chosen it.
        is_new: it was empty before.
    """
    if (os.getpid(), root) in _warned:
        return
    kind = _short_lived(root) if is_default else None
    missing = _unmounted(root) if is_new else None
    if kind:
        keep = "set RUNICORN_DIR, run `runicorn config --set-user-root DIR`, or pass init(storage=DIR)"
        say(f"the run is stored in {root}, {kind}. To keep runs elsewhere: {keep}.")
    elif missing:
        say(f"made a new storage root in {root}, but no file system is mounted at {missing}.")
    elif is_new and not is_default:
        say(f"made a new storage root in {root}; it was empty.")
    _warned.add((os.getpid(), root))


def _short_lived(root: Path) -> str | None:
    if any(part.startswith("session_") for part in root.parts) and "ray" in root.parts:
        return "in the session folder of Ray"
    if any(os.environ.get(name) for name in RAY_VARIABLES):
        return "in the working directory of a Ray job"
    named = [os.environ[name] for name in TEMPORARY_VARIABLES if os.environ.get(name)]
    if any(root.is_relative_to(os.path.realpath(folder)) for folder in (*TEMPORARY, *named)):
        return "a temporary folder"
    return None


def _unmounted(root: Path) -> Path | None:
    """Return the mount point above `root` that has no file system; `None` if all have theirs."""
    listed = _mount_points()
    for folder in (root, *root.parents[:-1]):
        if os.path.ismount(folder):
            return None
        above = folder.parent
        if str(folder) in listed or (
            str(above) in MOUNT_FOLDERS or str(above.parent) in ("/media", "/run/media")
        ):
            return folder
    return None


def _mount_points() -> set[str]:
    try:
        with open(FSTAB, encoding="utf-8", errors="replace") as file:
            fields = [line.split() for line in file if not line.lstrip().startswith("#")]
    except OSError:
        return set()
    return {each[1].replace("\\040", " ") for each in fields if len(each) > 1}
