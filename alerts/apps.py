from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The Django application `alerts`."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from alerts.judging.observer import observe
        from metrics.ingest.observing import observers

        if observe not in observers:
            observers.append(observe)
