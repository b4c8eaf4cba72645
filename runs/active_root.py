"""Storage root that this process serves."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runs.errors import NoActiveRoot
from runs.models import StorageRoot

_active: StorageRoot | None = None


def activate(path: Path | str) -> StorageRoot:
    """Make `path` the root of this process, and create its row if it was never opened before."""
    global _active
    resolved = str(Path(os.path.expanduser(path)).resolve())
    root, _ = StorageRoot.objects.get_or_create(path=resolved, defaults={"opened_at": time.time()})
    _active = root
    return root


def active_root() -> StorageRoot:
    """Return the row of the active root."""
    if _active is None:
        raise NoActiveRoot
    return _active
