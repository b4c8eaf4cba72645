"""The storage root that this process serves. It belongs to the process: other viewers keep theirs."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runs.errors import NoActiveRoot
from runs.models import StorageRoot

_active: StorageRoot | None = None


def activate(path: Path | str) -> StorageRoot:
    """Make `path` the root of this process, with a row of its own if it was never opened before."""
    global _active
    resolved = str(Path(os.path.expanduser(path)).resolve())
    root, _ = StorageRoot.objects.get_or_create(path=resolved, defaults={"opened_at": time.time()})
    _active = root
    return root


def active_root() -> StorageRoot:
    """The row of the active root.

    Raises:
        NoActiveRoot: nothing was opened yet.
    """
    if _active is None:
        raise NoActiveRoot
    return _active
