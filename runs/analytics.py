"""Figures over all runs of a store or of a project: a handful of aggregate queries, however many runs there are."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.db.models import Avg, Case, Count, F, FloatField, Sum, When, Window
from django.db.models.functions import Coalesce, Floor, RowNumber

from runicorn import layout
from runs import counting
from runs.models import Run, StorageRoot
from runs.querysets import RunQuerySet

DAY = 86_400
ENDED = (layout.FINISHED, layout.FAILED, layout.INTERRUPTED)


def summary(root: StorageRoot, project: str | None, days: int) -> dict[str, Any]:
    """What `GET /api/v2/analytics/summary` answers, at most two seconds old.

    Runs in the recycle bin count nowhere but in `storage_bytes`: they still lie on the disk.

    Args:
        root: the store.
        project: only its runs; None for all.
        days: how many days `runs_per_day` goes back, today included.
    """
    return counting.remembered(root, f"summary {days} {project}", lambda: _summary(root, project, days))


def _summary(root: StorageRoot, project: str | None, days: int) -> dict[str, Any]:
    everything = Run.objects.in_root(root).for_table(project=project)
    runs = everything.live()
    by_status = _counted(runs, "status")
    ended = sum(by_status.get(status, 0) for status in ENDED)
    durations = runs.aggregate(mean=Avg("duration"), total=Sum("duration"))
    stored = everything.aggregate(bytes=Sum(Coalesce("stored_bytes", "journal_bytes")))["bytes"]
    return {
        "total_experiments": sum(by_status.values()),
        "by_status": by_status,
        "by_project": _counted(runs, "project"),
        "success_rate": by_status.get(layout.FINISHED, 0) / ended if ended else None,
        "duration_seconds": {"mean": durations["mean"], "total": durations["total"] or 0.0},
        "runs_per_day": _per_day(runs, days),
        "best": _best(runs),
        "storage_bytes": stored or 0,
        "generated_at": time.time(),
    }


def _counted(runs: RunQuerySet, column: str) -> dict[str, int]:
    return dict(runs.order_by(column).values_list(column).annotate(Count("pk")))


def _per_day(runs: RunQuerySet, days: int) -> list[dict[str, Any]]:
    """Each of the last days in UTC, the oldest first, also those without a run."""
    first = int(time.time()) // DAY - days + 1
    found = runs.filter(created__gte=first * DAY).annotate(day=Floor(F("created") / DAY)).order_by("day")
    counts = {int(day): count for day, count in found.values_list("day").annotate(Count("pk"))}
    return [{"date": _date(day), "count": counts.get(day, 0)} for day in range(first, first + days)]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def _best(runs: RunQuerySet) -> list[dict[str, Any]]:
    """The best run of each project by each primary metric; of equals the newest."""
    worth = Case(
        When(best_metric_mode="min", then=-F("best_metric_value")),
        default=F("best_metric_value"),
        output_field=FloatField(),
    )
    groups = [F("project"), F("best_metric_name"), F("best_metric_mode")]
    place = Window(RowNumber(), partition_by=groups, order_by=[worth.desc(), F("pk").desc()])
    named = runs.filter(best_metric_name__isnull=False, best_metric_value__isnull=False)
    first = named.annotate(place=place).filter(place=1).order_by("project", "best_metric_name", "pk")
    fields = ("project", "best_metric_name", "best_metric_mode", "best_metric_value", "run_id")
    names = ("project", "metric", "mode", "value", "id")
    return [
        dict(zip(names, row, strict=True)) | {"mode": row[2] or "max"} for row in first.values_list(*fields)
    ]
