"""Repair of derived files: leftover temporary files, indexes of artifacts, caches. Data is never changed."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from runicorn.artifacts import index
from runicorn.artifacts.store import INDEX, Store
from runicorn.store import curation, layout
from runicorn_tools import cleaning
from runicorn_tools.fsck.report import Report
from runicorn_tools.sync.manifest.generator import SCAN

CACHE_CEILING = 2**30
DERIVED = ("leftover", "index-damaged", "cache-damaged")
CACHES = (SCAN,)


def check_derived(root: Path, report: Report) -> None:
    """Report leftovers of interrupted writes, and caches that cannot be read."""
    for path, size in cleaning.leftovers(root, time.time() - cleaning.LEFTOVER_SECONDS):
        text = f"An interrupted write left {size:,} bytes."
        report.warn("leftover", str(path.relative_to(root)), text)
    private = root / curation.PRIVATE
    for path in [private / name for name in CACHES if not private.is_symlink()]:
        _, problem = layout.read_json(path, ceiling=CACHE_CEILING)
        if problem:
            report.warn("cache-damaged", str(path.relative_to(root)), problem)


def repair(root: Path, report: Report) -> None:
    """Repair the findings that concern derived files, and mark them as repaired."""
    folders = {artifact.path: artifact for artifact in Store(root).folders()}
    for i, finding in enumerate(report.findings):
        path = root / finding.path
        if finding.kind not in DERIVED:
            continue
        if path.name == INDEX and path.parent in folders:
            artifact = folders[path.parent]
            with artifact.lock():
                index.rewrite(artifact)
        else:
            with suppress(FileNotFoundError):
                path.unlink()
        report.findings[i] = replace(finding, is_repaired=True)
