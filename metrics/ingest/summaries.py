"""Statistics of small journals of ended runs, many in one transaction, without storing their points.

Lists, filters and sorting need the statistics of every run at once; the points of a journal of a few kilobytes are parsed
within milliseconds when the run is shown (`catch_up`), and storing them takes a hundred times as long and most
of the database. A run with `summarized_bytes` and without a `Journal` is summarized.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from metrics.ingest import observing, parse
from metrics.ingest.journal_summary import counted_stats
from metrics.models import Journal
from metrics.store.columns import INT64
from metrics.store.journal_problems import problems
from metrics.store.lanes import Lane
from metrics.store.points import Points, no_points
from runicorn import _platform
from runicorn.store import layout
from runicorn.store.journal.checksums import altered_lines
from runs.index import bulk
from runs.index.metric_index import metric_values, record_best
from runs.models import Run, RunMetric, StorageRoot
from runs.query import counts
from runs.store.metric_stats import MetricStats

logger = logging.getLogger(__name__)

SMALL_BYTES = 64 * 1024
"""Largest journal that is summarized: some 400 records of five metrics."""
_PLAIN = frozenset({float, int})
_EXACT = 2**53
"""Whole numbers below are the same as floats."""
FIELDS = (
    "run_id",
    "folder",
    "root",
    "best_metric_name",
    "best_metric_mode",
    "best_metric_value",
    "metric_rules",
    "last_step",
    "updated",
)
_METRIC_FIELDS = (
    *("root", "run", "key", "count", "last", "last_special", "last_step"),
    *("minimum", "minimum_step", "maximum", "maximum_step", "best", "last_text"),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """Content of a journal as the lists show it."""

    size: int
    written: float
    """Time of the last write in Unix seconds."""
    last_time: float
    records: int
    problems: list[str]
    stats: dict[str, MetricStats]


def summarize(root: StorageRoot, keys: Sequence[int]) -> set[int]:
    """Store the statistics of ended runs without a `Journal`; return the keys of those that need not be ingested now."""
    if not keys:
        return set()
    since = min((judged_since() for judged_since in observing.judged_since), default=math.inf)
    summaries = []
    for run in Run.objects.filter(pk__in=keys).only(*FIELDS):
        summary = read_summary(f"{root.path}/{run.folder}")
        if summary is not None and summary.last_time < since:
            summaries.append((run, summary))
    try:
        _store(root, summaries)
    except IntegrityError:
        # Another server ingests one of them at this moment: PostgreSQL has no single writer.
        logger.info("Another process ingests some of the same runs")
        return set()
    bulk.breathe()
    return {run.pk for run, _ in summaries}


def read_summary(folder: str) -> Summary | None:
    """Return the summary of a small journal; None if it has to be ingested: it is larger, unreadable, or has alerts."""
    try:
        fd = _platform.open_regular(f"{folder}/{layout.EVENTS}", follow_links=False)
    except OSError:
        return None
    try:
        about = os.fstat(fd)
        content = _platform.read_at(fd, SMALL_BYTES + 1, 0)
    except OSError:
        return None
    finally:
        os.close(fd)
    if len(content) > SMALL_BYTES or len(content) != about.st_size or not content.endswith(b"\n"):
        return None
    return _plain_summary(content, about.st_mtime) or _summary(content, about.st_mtime)


def _summary(content: bytes, written_at: float) -> Summary | None:
    batch = parse.parse(content)
    if batch.raised or batch.untimed:  # the time of an event without one is that of the run
        return None
    complaints = problems(batch.bad, batch.untimed, batch.altered)
    stats = counted_stats([batch])
    return Summary(len(content), written_at, batch.last_time, batch.records, complaints, stats)


def _plain_summary(content: bytes, written_at: float) -> Summary | None:
    """Return the summary of a journal of nothing but finite numbers with steps and times, as nearly all are.

    The same as `_summary`, in a fifth of its time: columns of twenty values are too short for NumPy.
    """
    lines = content.split(b"\n")
    lines.pop()
    if b"" in lines or altered_lines(lines):
        return None
    columns: dict[str, tuple[list[float], list[int]]] = {}
    last_time = 0.0
    for event in parse.load(lines):
        if type(event) is not dict or type(data := event.get("data")) is not dict:
            return None
        kind = event.get("type")
        if kind == "alert":
            return None
        if kind not in ("metrics", "system"):
            continue
        step, last_time = data.pop("global_step", None), data.pop("time", None)
        if (
            type(step) is not int
            or step not in INT64
            or type(last_time) is not float
            or not parse.is_time(last_time)
        ):
            return None
        if kind == "system":
            continue
        for name in ("step", "ts", "stage"):
            data.pop(name, None)
        for name, value in data.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = [], []
            column[0].append(value)
            column[1].append(step)
    stats = {}
    for name, (values, steps) in columns.items():
        if not _PLAIN.issuperset(map(type, values)) or parse.stored_name(name) != name:
            return None
        lowest, highest = min(values), max(values)
        if not (lowest > -_EXACT and highest < _EXACT and math.isfinite(sum(values))):
            return None
        stats[name] = MetricStats(
            last=float(values[-1]),
            last_step=steps[-1],
            minimum=float(lowest),
            minimum_step=steps[values.index(lowest)],
            maximum=float(highest),
            maximum_step=steps[values.index(highest)],
            count=len(values),
        )
    return Summary(len(content), written_at, last_time, len(lines), [], stats)


@transaction.atomic
def _store(root: StorageRoot, summaries: Sequence[tuple[Run, Summary]]) -> None:
    keys = [run.pk for run, _ in summaries]
    free = Run.objects.select_for_update(no_key=True).filter(pk__in=keys, summarized_bytes=None)
    ours = set(free.order_by("pk").values_list("pk", flat=True))
    ours -= set(Journal.objects.filter(run__in=keys).values_list("run_id", flat=True))
    metrics, rows, best = [], [], []
    for run, summary in summaries:
        if run.pk not in ours:
            continue
        metrics += [
            (root.pk, run.pk, key, *metric_values(run, key, stats))
            for key, stats in sorted(summary.stats.items())
            if len(key) <= parse.NAME_LENGTH
        ]
        steps = [stats.last_step for stats in summary.stats.values() if stats.last_step is not None]
        last_step = max(steps) if steps else run.last_step
        updated = max(run.updated, summary.written)
        rows.append((updated, summary.problems or None, summary.records, last_step, summary.size, run.pk))
        if run.best_metric_name in summary.stats and run.best_metric_value is None:
            best.append((run, summary))
    bulk.insert(RunMetric, _METRIC_FIELDS, metrics)
    names = ("updated", "journal_problems", "journal_records", "last_step", "summarized_bytes")
    bulk.update(Run, names, rows)
    for run, summary in best:
        record_best(run.pk, summary.stats)
    if rows:
        counts.invalidate(root)


def points_of(run: Run, name: str) -> Points:
    """Return the points with steps of a metric of a summarized run, sorted by step, read from its journal."""
    _lane, points = series_of(run, [name]).get(name, (Lane.METRIC, no_points()))
    return points.by_step().unshadowed()


def series_of(run: Run, names: Iterable[str]) -> dict[str, tuple[Lane, Points]]:
    """Return the points with steps of metrics of a summarized run, those that it has, read from its journal."""
    try:
        content = (run.path / layout.EVENTS).read_bytes()[:SMALL_BYTES]
    except OSError:
        return {}
    series = parse.parse(content).series
    lane = Lane.METRIC
    return {name: (lane, series[lane, name]) for name in names if (lane, name) in series}
