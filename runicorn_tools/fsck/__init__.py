"""Check a store for missing and damaged data."""

from runicorn_tools.maintenance.fsck.check import check
from runicorn_tools.maintenance.fsck.report import Finding, Report

__all__ = ["Finding", "Report", "check"]
