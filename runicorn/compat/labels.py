"""Tags and notes of a run that is already open."""

from __future__ import annotations

from typing import Any

from runicorn.store import layout
from runicorn.tracking.disabled import SilentRun
from runicorn.tracking.run import Run


def set_labels(run: Run, **labels: Any) -> None:
    """Replace `tags`, `notes` or `group` in `meta.json`."""
    if isinstance(run, SilentRun):
        return
    folder = run._folder
    with folder.exclusive():
        folder.write(layout.META, {**folder.read(layout.META), **labels})
    folder.stir()
