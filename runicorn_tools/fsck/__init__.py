"""Check a store for missing and damaged data."""

from runicorn_tools.fsck.check import check
from runicorn_tools.fsck.report import Finding, Report

__all__ = ["Finding", "Report", "check"]
