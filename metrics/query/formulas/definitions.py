"""Formulas that the projects of a storage root define."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from django.db.models import Q

from runicorn.store.project import analysis
from runicorn_site.web.conditional import depends_on
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import BadFormula, Node, parse

Mark = tuple[int, int, int]
SECONDS = 2.0
_listed: dict[str, tuple[float, Sequence[str]]] = {}

COMPUTED = Q(last_step=None, minimum_step__isnull=False)
"""Rows of `RunMetric` with the value of a formula: it has no last step, and `minimum_step` is its `digest`."""


def formulas_of(root: str, project: str) -> Mapping[str, Node]:
    """Return the valid formulas of a project by their names."""
    mark = _mark(root, project)
    depends_on(lambda: _mark(root, project) == mark, suffices=False)
    return {} if mark is None else _parsed(root, project, mark)


def computable(root: str, project: str, metrics: Collection[str]) -> list[str]:
    """Return the formulas of a project that need no other metrics than these."""
    return [
        name
        for name, tree in formulas_of(root, project).items()
        if all(metric in metrics for metric in formulas.metrics(tree))
    ]


def projects_with_formulas(root: str) -> Sequence[str]:
    """Return the projects whose file of formulas exists; the result may be `SECONDS` old."""
    expires, projects = _listed.get(root, (0.0, ()))
    if time.monotonic() > expires:
        projects = tuple(
            entry.name
            for entry in _folders(root)
            if os.path.exists(os.path.join(root, entry.name, analysis.FILE))
        )
        _listed[root] = time.monotonic() + SECONDS, projects
    return projects


def digest(tree: Node) -> int:
    """Return 63 bits that differ between formulas, alike in all processes."""
    return int.from_bytes(blake2b(repr(tree).encode(), digest_size=8).digest()) >> 1


def invalidate(root: str) -> None:
    """Forget which projects have formulas."""
    _listed.pop(root, None)


def _folders(root: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root) as entries:
            return [entry for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _mark(root: str, project: str) -> Mark | None:
    """Return what changes when the file is written; None if the project has none."""
    # Links are not resolved here: most projects have no file, and it takes longer than a query.
    try:
        stat = os.stat(os.path.join(root, project, analysis.FILE))
    except (OSError, ValueError):
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@lru_cache(maxsize=256)
def _parsed(root: str, project: str, mark: Mark) -> Mapping[str, Node]:
    trees = {}
    for name, text in analysis.read(Path(root), project)["formulas"].items():
        try:
            trees[name] = parse(text)
        except BadFormula:  # a file written by hand; the list of formulas shows what is wrong
            continue
    return trees
