"""Folders of the program: the site, and the apps with their templates and static files."""

from __future__ import annotations

from pathlib import Path

SITE = Path(__file__).resolve().parent
_PACKED = SITE / "_apps"
APPS = _PACKED if _PACKED.is_dir() else SITE.parent
"""In a wheel the apps are inside the site: their plain names (`runs`, `metrics`) would shadow a user's modules."""

APP_NAMES = ("runs", "metrics", "artifacts", "remote", "alerts")
"""Apps with tables in the database that is derived from the store."""
