from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from metrics.ingest.observing import Observer
    from runs.models import Run, StorageRoot


class AlertsConfig(AppConfig):
    """The Django application `alerts`."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Judge points by rules while they are ingested."""
        from metrics.ingest import observing
        from runs import removal

        if _observe not in observing.observers:
            observing.observers.append(_observe)
            observing.judged_since.append(_judged_since)
            removal.listeners.append(_forget_run)


# Rules and their messages are imported with the first points: they are a tenth of the start.


def _observe(run: Run, generation: int) -> Observer:
    from alerts.judging.observer import observe

    return observe(run, generation)


def _judged_since() -> float:
    from alerts.judging.observer import judged_since

    return judged_since()


def _forget_run(root: StorageRoot, run: Run) -> None:
    from alerts.services import forget_run

    forget_run(root, run)
