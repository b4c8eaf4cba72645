from __future__ import annotations

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """The Django application `metrics`."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from alerts.judging.observer import observe
        from metrics.ingest.observing import observers

        if observe not in observers:
            observers.append(observe)

    def import_models(self) -> None:
        """Import the tables of alerts with those of the app."""
        super().import_models()
        from alerts import models  # noqa: F401
