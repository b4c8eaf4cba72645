from __future__ import annotations

from django.apps import AppConfig


class RemoteConfig(AppConfig):
    """The Django application `remote`."""

    name = "remote"
    default_auto_field = "django.db.models.BigAutoField"
