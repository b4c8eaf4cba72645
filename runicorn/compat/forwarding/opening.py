"""Mirrors of this process; imports and starts nothing without `RUNICORN_ALSO`."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from runicorn.compat.guard import guarded
from runicorn.settings.user import get as get_setting

if TYPE_CHECKING:
    from runicorn.compat.forwarding.mirror import Mirror

_mirrors: dict[tuple[int, str], Mirror] = {}
"""Mirrors by process and library."""


def open_mirror(library: str) -> Callable[..., None] | None:
    """Return a function that passes calls to a library, if `RUNICORN_ALSO` names it; else None."""
    if library not in [name.strip() for name in get_setting("RUNICORN_ALSO").split(",")]:
        return None
    key = (os.getpid(), library)
    if key not in _mirrors:
        with guarded(f"the start of {library} (RUNICORN_ALSO)"):
            from runicorn.compat.forwarding.mirror import Mirror

            _mirrors[key] = Mirror(library)
    return _mirrors[key].call if key in _mirrors else None


@atexit.register  # with the import: after the exit functions of the shims, which still make calls
def close_mirrors() -> None:
    """End the other processes, and wait a bounded time for each."""
    for key, mirror in list(_mirrors.items()):
        if key[0] == os.getpid():
            mirror.close()
            del _mirrors[key]
