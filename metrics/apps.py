from __future__ import annotations

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """The Django application `metrics`."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the formulas, by which runs are found and sorted like by other metrics."""
        from metrics.query.formulas.provider import prepare
        from runs.query import derived_metrics

        derived_metrics.register(prepare)
