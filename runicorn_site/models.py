"""Tables of the site, all in the durable database."""

from __future__ import annotations

from runicorn_site.web.models import ImportedFile, Preference, WatchedFolder

__all__ = ["ImportedFile", "Preference", "WatchedFolder"]
