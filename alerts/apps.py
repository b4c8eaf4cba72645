from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The Django application `alerts`."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from alerts.judging.observer import judged_since, observe
        from metrics.ingest import observing

        if observe not in observing.observers:
            observing.observers.append(observe)
            observing.judged_since.append(judged_since)
