"""Runs of a project that a difference needs: predecessors, replicas, and what changes rarely."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice, pairwise
from pathlib import Path

from runicorn.store import find, layout
from runicorn_tools.analysis import replicas
from runicorn_tools.differences.engine import SECTIONS
from runicorn_tools.differences.facts import RunFacts, project_of

LOOKED_AT = 30
"""Number of earlier runs among which the predecessor is searched, and by which changes of a project are counted."""


def predecessor(run: RunFacts, earlier: Iterable[RunFacts]) -> RunFacts | None:
    """Return the run that a run repeats, else the newest of the same program, else the newest.

    Args:
        earlier: earlier runs of the project, newest first, with the one that it repeats.
    """
    candidates = [other for other in earlier if other.id != run.id]
    parent = next((other for other in candidates if other.id == run.meta.get("parent")), None)
    same = (other for other in candidates if run.program and other.program == run.program)
    return parent or next(same, candidates[0] if candidates else None)


def runs_before(root: Path, run: RunFacts) -> list[RunFacts]:
    """Return the runs of the same project and before a run, newest first, without those in the recycle bin.

    Returns:
        At most `LOOKED_AT` runs, and the run that this one repeats, however old it is.
    """
    project, second = run.project, _second(run.folder)
    folders = (root / folder for folder in find.all_runs(root) if project_of(folder) == project)
    until = [folder for folder in folders if _second(folder) <= second and folder.name != run.id]
    until.sort(key=_second, reverse=True)
    before = (
        other
        for other in _newest_first(root, until)
        if _second(other.folder) < second or _began(other) < _began(run)
    )
    live = (other for other in before if not (other.folder / layout.DELETED).exists())
    earlier = list(islice(live, LOOKED_AT))
    parent = run.meta.get("parent")
    if isinstance(parent, str) and all(other.id != parent for other in earlier):
        earlier += [RunFacts(root, folder) for folder in until if folder.name == parent]
    return earlier


def _second(folder: Path) -> str:
    return layout.second_of(folder.name)


def _newest_first(root: Path, folders: Iterable[Path]) -> Iterator[RunFacts]:
    for _, of_second in groupby(folders, key=_second):
        runs = [RunFacts(root, folder) for folder in of_second]
        if len(runs) > 1:
            runs.sort(key=_began, reverse=True)
        yield from runs


def _began(run: RunFacts) -> tuple[float, str]:
    created = run.meta.get("created_at")
    return float(created) if isinstance(created, (int, float)) else 0.0, run.id


def replicas_among(run: RunFacts, others: Iterable[RunFacts], most: int = 8) -> list[RunFacts]:
    """Return those runs that differ from one in nothing but their seed."""
    key = run.replica_key
    if not key:
        return []
    same = []
    for other in others:
        if other.id != run.id and fingerprint(other)["replica"] == key:
            same.append(other)
            if len(same) == most:
                break
    return same


def order_of_sections(runs: Sequence[RunFacts]) -> list[str]:
    """Return the sections of a difference, those first that change rarely between successive runs of a project."""
    prints = [fingerprint(run) for run in runs[:LOOKED_AT]]
    changes = dict.fromkeys(SECTIONS, 0)
    for newer, older in pairwise(prints):
        for section in SECTIONS:
            changes[section] += newer[section] != older[section]
    return sorted(SECTIONS, key=lambda section: changes[section])


def fingerprint(run: RunFacts) -> dict[str, str]:
    """Return a digest of each section of a run, remembered as long as its files are the same."""
    names = (
        *(layout.META, layout.ASSETS, layout.CONFIG, layout.ENVIRONMENT),
        *(layout.ARTIFACTS_USED, layout.SOURCES_FILE),
    )
    return _fingerprint(run.root, run.folder, run.rules, tuple(_stamp(run.folder / name) for name in names))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = os.stat(path)
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


@functools.lru_cache(maxsize=4096)
def _fingerprint(root: Path, folder: Path, rules: replicas.Rules, stamps: object) -> dict[str, str]:
    run = RunFacts(root, folder)
    code = run.sources.identity or [run.git.get("commit"), run.git.get("diff")]
    sections = {
        "code": [code, run.cells],
        "config": {
            key: value for key, value in run.config.items() if replicas.seed_of({key: value}, rules) is None
        },
        "seed": run.seed,
        "command": run.command,
        "packages": run.packages,
        "environment": run.variables,
        "artifacts": run.artifacts,
        "hardware": run.hardware,
    }
    digests = {name: _digest(value) for name, value in sections.items()}
    return {**digests, "replica": run.replica_key}


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
