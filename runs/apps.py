from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """The Django application `runs`."""

    name = "runs"
    default_auto_field = "django.db.models.BigAutoField"
