"""Tables of the toolkit, in the durable database. Times are Unix seconds."""

from __future__ import annotations

from django.db import models


class ImportedFile(models.Model):
    """A file of an earlier version that is imported, or one that is still written for it (`former_files.py`)."""

    place = models.TextField()
    """Machine and path."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the content."""
    at = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "digest"], name="file_content_once")]

    def __str__(self) -> str:
        return self.place
