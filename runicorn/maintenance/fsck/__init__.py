"""Check a store for missing and damaged data."""

from runicorn.maintenance.fsck.check import check
from runicorn.maintenance.fsck.report import Finding, Report

__all__ = ["Finding", "Report", "check"]
