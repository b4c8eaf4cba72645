"""Answers about journals that can be given again while the journals are as they were."""

from __future__ import annotations

import os
from collections.abc import Iterable

from runicorn.store import layout
from runicorn_site.web import conditional
from runs.models import Run

Mark = tuple[int, int, int] | None


def while_unchanged(runs: Iterable[Run]) -> None:
    """Let the answer be given again until one of the journals changes; call it before they are ingested."""
    if not conditional.is_noted():
        return
    paths = [f"{run.root.path}/{run.folder}/{layout.EVENTS}" for run in runs]
    marks = list(map(_mark, paths))
    conditional.depends_on(lambda: list(map(_mark, paths)) == marks)


def _mark(path: str) -> Mark:
    try:
        stat = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
