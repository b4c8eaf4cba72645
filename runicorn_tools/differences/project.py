"""Runs of a project that a difference needs: predecessors, replicas, and what changes rarely."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
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
        earlier: earlier runs of the project, newest first.
    """
    candidates = [other for other in islice(earlier, LOOKED_AT) if other.id != run.id]
    parent = next((other for other in candidates if other.id == run.meta.get("parent")), None)
    same = (other for other in candidates if run.program and other.program == run.program)
    return parent or next(same, candidates[0] if candidates else None)


def runs_before(root: Path, run: RunFacts) -> list[RunFacts]:
    """Return the runs of the same project and before a run, newest first, without those in the recycle bin.

    Returns:
        At most `LOOKED_AT` runs.
    """
    project = run.project
    folders = [Path(folder) for folder in find.all_runs(root) if project_of(folder) == project]
    earlier = sorted(
        (folder for folder in folders if folder.name < run.id), key=lambda folder: folder.name, reverse=True
    )
    kept = (folder for folder in earlier if not (root / folder / layout.DELETED).exists())
    return [RunFacts(root, root / folder) for folder in islice(kept, LOOKED_AT)]


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
