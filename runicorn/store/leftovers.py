"""Temporary files that killed processes left beside the small files of runs."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

TEMPORARY = r"\.[a-z_]+\.json\.([0-9]+)\.[0-9a-f]{8}\.tmp"
"""Names of `_platform.replace_file` for small files; the number is the pid."""
OLD_SECONDS = 3600.0
NEWEST_RUNS = 5


def remove_of_process(run_dir: Path, pid: int) -> None:
    """Remove those that a process which has ended left in the folder of its run."""
    for entry in _entries(run_dir):
        match = re.fullmatch(TEMPORARY, entry.name)
        if match and int(match[1]) == pid:
            with suppress(OSError):
                os.unlink(entry.path)


def remove_old(runs_dir: Path) -> None:
    """Remove those of the newest runs of an experiment that are more than an hour old."""
    before = time.time() - OLD_SECONDS
    with suppress(OSError):
        for name in sorted(os.listdir(runs_dir))[-NEWEST_RUNS:]:
            for entry in _entries(runs_dir / name):
                if (
                    re.fullmatch(TEMPORARY, entry.name)
                    and entry.stat(follow_symlinks=False).st_mtime < before
                ):
                    os.unlink(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.startswith(".") and not entry.is_symlink()]
    except OSError:
        return []
