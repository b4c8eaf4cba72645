from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from metrics.ingest.observing import Observer
    from runs.models import Run


class AlertsConfig(AppConfig):
    """The Django application `alerts`."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from metrics.ingest.observing import observers

        if _observe not in observers:
            observers.append(_observe)


def _observe(run: Run, generation: int) -> Observer:
    # Rules and their messages are imported with the first points: they are a tenth of the start.
    from alerts.judging.observer import observe

    return observe(run, generation)
