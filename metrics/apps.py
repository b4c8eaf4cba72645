from __future__ import annotations

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """The Django application `metrics`."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"
