"""Tables of the toolkit, in the durable database. Times are Unix seconds."""

from __future__ import annotations

from typing import Any

from django.db import models


class Preference(models.Model):
    """A part of the preferences of the pages; see `preferences.py`."""

    name = models.CharField(max_length=100, primary_key=True)
    value: models.JSONField[Any, Any] = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.name


class WatchedFolder(models.Model):
    """A folder of other trackers whose runs are kept up to date in a storage root."""

    id = models.CharField(max_length=32, primary_key=True)
    path = models.TextField()
    """Absolute."""
    root = models.CharField(max_length=4096)
    project = models.CharField(max_length=255, default="", blank=True)
    """Project of all runs, or "" for those of the trackers."""
    added_at = models.FloatField()
    """Unix seconds."""

    def __str__(self) -> str:
        return self.path


class ImportedFile(models.Model):
    """A file of an earlier version that is imported, or one that is still written for it (`legacy_files.py`)."""

    place = models.TextField()
    """Machine and path."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the content."""
    at = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "digest"], name="file_content_once")]

    def __str__(self) -> str:
        return self.place
