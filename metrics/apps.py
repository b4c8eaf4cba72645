from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from runs.models import StorageRoot


class MetricsConfig(AppConfig):
    """The Django application `metrics`."""

    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the formulas, by which runs are found and sorted like by other metrics."""
        from runs.query import derived_metrics

        derived_metrics.register(_prepare_formulas)


def _prepare_formulas(root: StorageRoot, names: Collection[str], runs: Collection[int] | None = None) -> None:
    from metrics.query.formulas import provider  # not before a query: its parser would be a part of the start

    provider.prepare(root, names, runs)
