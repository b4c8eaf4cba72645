from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The Django application `alerts`."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from alerts.judging.observer import judged_since, observe
        from alerts.services import forget_run
        from metrics.ingest import observing
        from runs.services.recycle_bin import removed

        if observe not in observing.observers:
            observing.observers.append(observe)
            observing.judged_since.append(judged_since)
            removed.append(forget_run)
