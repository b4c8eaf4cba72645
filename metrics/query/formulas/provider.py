"""Provider of the rows of formulas. What they are computed with is imported when a query first names a formula."""

from __future__ import annotations

import threading
from collections.abc import Collection

from metrics.query.formulas.definitions import projects_with_formulas
from metrics.query.formulas.progress import unfinished
from runicorn_site.web.conditional import depends_on
from runs.models import StorageRoot


def prepare(root: StorageRoot, names: Collection[str], runs: Collection[int] | None = None) -> None:
    """Compute the missing and old rows of formulas with these names; see `runs.query.derived_metrics`."""
    projects = projects_with_formulas(root.path)
    depends_on(lambda: projects_with_formulas(root.path) == projects, suffices=False)
    if not projects:
        return
    from metrics.query.formulas import index

    index.prepare(root, names, runs)


def work_off(root: StorageRoot, seconds: float, stop: threading.Event) -> bool:
    """Compute rows that requests have left, for about so many seconds; return whether any are left."""
    if not unfinished(root):
        return False
    from metrics.query.formulas import index

    return index.work_off(root, seconds, stop)
