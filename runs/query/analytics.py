"""Statistics over all runs of a storage root or project, by a constant number of aggregate queries."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.db.models import Avg, Count, F, Max, Min, Sum
from django.db.models.functions import Coalesce, Floor

from runicorn.api.responses.analytics import AnalyticsSummary, BestRun, DayCount
from runicorn.store import layout
from runs.models import Run, RunQuerySet, StorageRoot
from runs.query import counts as counting
from runs.query.key_sets import Keys

DAY = 86_400
SECONDS = 30.0
"""How long results are cached: reading 100,000 runs takes 250 ms."""
ENDED = (layout.FINISHED, layout.FAILED, layout.INTERRUPTED)


def summary(root: StorageRoot, project: str | None, days: int) -> AnalyticsSummary:
    """Return the response of `GET /api/v2/analytics/summary`, at most `SECONDS` old and never older than a change.

    Runs in the recycle bin count only in `storage_bytes`: their files still exist.

    Args:
        project: only its runs; None for all.
        days: how many days `runs_per_day` goes back, today included.
    """
    key = f"summary {days} {project}"
    return counting.remembered(root, key, lambda: _summary(root, project, days), SECONDS)


def _summary(root: StorageRoot, project: str | None, days: int) -> AnalyticsSummary:
    everything = Run.objects.in_root(root)
    if project is not None:
        everything = everything.filter(project=project)
    runs = everything.live()
    by_status = _count_by(runs, "status")
    ended = sum(by_status.get(status, 0) for status in ENDED)
    durations = runs.filter(duration__isnull=False).aggregate(mean=Avg("duration"), total=Sum("duration"))
    stored = everything.aggregate(bytes=Sum(Coalesce("stored_bytes", "journal_bytes")))["bytes"]
    return {
        "total_experiments": sum(by_status.values()),
        "by_status": by_status,
        "by_project": _count_by(runs, "project"),
        "success_rate": by_status.get(layout.FINISHED, 0) / ended if ended else None,
        "duration_seconds": {"mean": durations["mean"], "total": durations["total"] or 0.0},
        "runs_per_day": _per_day(runs, days),
        "best": _best(runs),
        "storage_bytes": stored or 0,
        "generated_at": time.time(),
    }


def _count_by(runs: RunQuerySet, column: str) -> dict[str, int]:
    return dict(runs.order_by(column).values_list(column).annotate(Count("pk")))


def _per_day(runs: RunQuerySet, days: int) -> list[DayCount]:
    """Return each of the last days in UTC, the oldest first, including days without a run."""
    first = int(time.time()) // DAY - days + 1
    recent = runs.filter(created__gte=first * DAY).annotate(day=Floor(F("created") / DAY)).order_by("day")
    counts = {int(day): count for day, count in recent.values_list("day").annotate(Count("pk"))}
    return [{"date": _date(day), "count": counts.get(day, 0)} for day in range(first, first + days)]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def _best(runs: RunQuerySet) -> list[BestRun]:
    """Return the best run of each project by each primary metric; of equal runs the newest."""
    groups = ("project", "best_metric_name", "best_metric_mode")
    rated = runs.filter(best_metric_name__isnull=False, best_metric_value__isnull=False).order_by()
    ends = rated.values_list(*groups).annotate(Min("best_metric_value"), Max("best_metric_value"))
    best = {tuple(group): low if group[2] == "min" else high for *group, low, high in ends}
    equals = rated.filter(best_metric_value__in=set(best.values())).values_list(*groups, "best_metric_value")
    keys = {tuple(group): key for *group, value, key in equals.annotate(Max("pk")) if best[*group] == value}
    ids = dict(Run.objects.filter(pk__among=Keys(keys.values())).values_list("pk", "run_id"))
    return [
        {
            "project": group[0],
            "metric": group[1],
            "mode": group[2] or "max",
            "value": best[group],
            "id": ids[key],
        }
        for group, key in sorted(keys.items(), key=lambda item: (*item[0][:2], item[1]))
    ]
