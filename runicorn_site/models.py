"""Tables of the site, all in the durable database."""

from __future__ import annotations

from runicorn_site.web.models import ImportedFile

__all__ = ["ImportedFile"]
