"""Request serializers of the configuration."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from runicorn_site.web.serializers import Body, Query

LONGEST_LABEL = 100


class FolderPath(serializers.CharField):
    """Path of a folder; every message about it begins with "Invalid path"."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the text.

        Raises:
            ValidationError: it is not a text, or cannot be a path.
        """
        try:
            return super().run_validation(data)
        except ValidationError as error:
            raise ValidationError([f"Invalid path: {sentence}" for sentence in error.detail]) from error


class UserRoot(Body):
    """The new storage root."""

    path = FolderPath(
        max_length=4096, help_text="Absolute, or with a leading ~. Environment variables are not expanded."
    )


class WidthsOf(Query):
    """Table and window size class."""

    table = serializers.CharField(max_length=LONGEST_LABEL)
    size = serializers.CharField(max_length=LONGEST_LABEL)


class WidthsOfTable(WidthsOf):
    """Table, and optionally a window size class."""

    size = serializers.CharField(max_length=LONGEST_LABEL, required=False)


class Widths(Body):
    """Widths of a table's columns in pixels."""

    table = serializers.CharField(max_length=LONGEST_LABEL)
    size = serializers.CharField(max_length=LONGEST_LABEL)
    widths = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=10_000))
    window_width = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)
    window_height = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100_000)

    def validate_widths(self, widths: dict[str, int]) -> dict[str, int]:
        """Limit the number of columns and the length of their names."""
        if len(widths) > 500 or any(len(column) > 500 for column in widths):
            raise serializers.ValidationError("widths must name at most 500 columns")
        return widths


class Alert(Body):
    """An alert."""

    alert_id = serializers.CharField(max_length=200)
