from __future__ import annotations

from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    """The Django application `artifacts`."""

    name = "artifacts"
    default_auto_field = "django.db.models.BigAutoField"
