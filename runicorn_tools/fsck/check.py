"""Check a whole store."""

from __future__ import annotations

from pathlib import Path

from runicorn_tools.fsck.artifacts import check_artifacts
from runicorn_tools.fsck.repair import check_derived, repair
from runicorn_tools.fsck.report import Report
from runicorn_tools.fsck.runs import check_runs


def check(
    root: Path, *, contents: bool = True, should_repair: bool = False, report: Report | None = None
) -> Report:
    """Check runs, artifacts and leftovers of a store.

    Args:
        contents: read artifacts and media and compare digests, not only sizes.
        report: filled during the check; by default a new one.

    Raises:
        OSError: a repaired file could not be written.
    """
    report = Report() if report is None else report
    check_runs(root, report, contents=contents)
    check_artifacts(root, report, contents=contents)
    check_derived(root, report)
    if should_repair:
        repair(root, report)
    return report
