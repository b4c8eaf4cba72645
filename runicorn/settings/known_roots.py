"""List of the storage roots that this user's scripts have written to, for a viewer that shows another one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from runicorn._platform import sha256
from runicorn.settings import user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from runicorn.named_tuple import NamedTuple

FOLDER = "roots"
MOST = 50
"""Files that are kept: each is the path of a root, and as old as the last script that wrote there."""
LONGEST = 4096


class KnownRoot(NamedTuple):
    """A storage root, and when a script last began a run in it (Unix seconds)."""

    path: Path
    used: float


def remember(root: Path) -> None:
    """Note that a script writes to `root`. Nothing is raised: the list is a convenience."""
    with suppress(OSError, ValueError):
        folder = user.data_directory() / FOLDER
        file = folder / sha256(os.fsencode(root)).hexdigest()[:16]
        try:
            os.utime(file)
        except FileNotFoundError:
            folder.mkdir(mode=user.PRIVATE_FOLDER, exist_ok=True)
            _forget_oldest(folder)
            file.write_bytes(os.fsencode(root))


def others(current: Path, most: int = 3) -> list[KnownRoot]:
    """Return the roots that were written to last and still exist, without `current`, the newest first."""
    roots = []
    with suppress(OSError, ValueError):
        for file in (user.data_directory() / FOLDER).iterdir():
            path = Path(os.fsdecode(file.read_bytes()[:LONGEST]))
            if path != current and path.is_absolute() and path.is_dir():
                roots.append(KnownRoot(path, file.stat().st_mtime))
    return sorted(roots, key=lambda root: -root.used)[:most]


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - MOST + 1)]:
        file.unlink(missing_ok=True)
