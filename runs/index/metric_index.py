"""Index of metric statistics for sorting and filtering, and the best value of a running run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Greatest

from runicorn.store import layout
from runs.models import Run, RunMetric
from runs.store.metric_stats import MetricStats, best_by, mode_of, score
from runs.store.sanitize import number

VALUES = (
    "count",
    "last",
    "last_special",
    "last_step",
    "minimum",
    "minimum_step",
    "maximum",
    "maximum_step",
    "best",
    "last_text",
)


def record_metrics(
    *,
    run: Run,
    values: Mapping[str, MetricStats],
    last_write: float,
    problems: Sequence[str] = (),
    records: int | None = None,
) -> None:
    """Save the statistics of some metrics of a run; call it in the transaction that stores their points.

    Args:
        values: statistics by metric; other metrics stay unchanged.
        last_write: when the journal was last written, Unix seconds.
        problems: sentences about unreadable parts of the journal; they replace the earlier ones.
        records: number of records in the journal; None until it has been read to its end.
    """
    rows = [
        RunMetric(
            root_id=run.root_id,
            run_id=run.pk,
            key=key,
            **dict(zip(VALUES, metric_values(run, key, stats), strict=True)),
        )
        for key, stats in values.items()
        if len(key) <= 255
    ]
    RunMetric.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "key"], update_fields=VALUES
    )
    steps = [stats.last_step for stats in values.values() if stats.last_step is not None]
    changes: dict[str, Any] = {
        "updated": Greatest(F("updated"), last_write),
        "journal_problems": list(problems) or None,
        "journal_records": records,
    }
    if steps:
        changes["last_step"] = max(steps)
    Run.objects.filter(pk=run.pk).update(**changes)
    record_best(run.pk, values)


def forget_summary(*, run: Run) -> None:
    """Delete the statistics of a run that was summarized; call it in the transaction that stores its first points."""
    if Run.objects.filter(pk=run.pk).exclude(summarized_bytes=None).update(summarized_bytes=None):
        forget_metrics(run=run)


def forget_metrics(*, run: Run) -> None:
    """Delete the statistics of a run whose journal was replaced."""
    RunMetric.objects.filter(run=run).delete()
    Run.objects.filter(pk=run.pk).update(last_step=None, journal_records=None)


def metric_values(run: Run, key: str, stats: MetricStats) -> tuple[Any, ...]:
    """Return the values of a row in the order of `VALUES`."""
    best = best_by(stats, mode_of(run, key))[0]
    return (
        stats.count,
        number(stats.last),
        stats.last_special,
        stats.last_step,
        number(stats.minimum),
        stats.minimum_step,
        number(stats.maximum),
        stats.maximum_step,
        number(best),
        stats.last_text,
    )


def record_best(key: int, metrics: Mapping[str, MetricStats]) -> None:
    """Save the best value so far of a run whose summary has none, because it still runs or was killed."""
    missing = ~Q(summary__has_key="best_metric_value") | Q(summary__best_metric_value=None)
    open_ended = Run.objects.filter(Q(status=layout.RUNNING) | missing, pk=key, best_metric_name__in=metrics)
    for name, mode in open_ended.values_list("best_metric_name", "best_metric_mode"):
        value, step = best_by(metrics[str(name)], mode)
        value = number(value)
        best = {"best_metric_value": value, "best_metric_step": step, "best_score": score(value, mode)}
        Run.objects.filter(pk=key).update(**best)
