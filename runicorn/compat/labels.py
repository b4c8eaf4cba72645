"""Tags, notes and the name of a run that is already open."""

from __future__ import annotations

from typing import Any

from runicorn.store import layout
from runicorn.tracking.run import Run


def labels_of(run: Run) -> dict[str, Any]:
    """Return the content of `meta.json`; empty if the run stores nothing."""
    return {} if run.is_silent else run._folder.read(layout.META)


def set_labels(run: Run, **labels: Any) -> None:
    """Replace `tags`, `notes`, `group` or `display_name` in `meta.json`; the folder keeps the name of the run."""
    if run.is_silent:
        return
    folder = run._folder
    with folder.exclusive():
        folder.write(layout.META, {**folder.read(layout.META), **labels})
    folder.stir()
