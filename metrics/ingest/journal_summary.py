"""Compute the statistics of metrics from a journal alone, as ingest would store them, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from metrics.ingest.parse import Batch, parse
from metrics.ingest.series_stats import update_stats
from metrics.ingest.source import JournalIdentity, Source
from metrics.store.lanes import Lane
from runicorn.store import layout
from runs.store.metric_stats import MetricStats


@dataclass(slots=True)
class _Counted:
    """Statistics of one series, updated by `update_stats`; see `metrics.models.Series`."""

    kinds: int = 0
    staged: bool = False
    count: int = 0
    minimum: float | None = None
    minimum_step: int | None = None
    maximum: float | None = None
    maximum_step: int | None = None
    last: float | None = None
    last_text: str | None = None
    last_special: str | None = None
    last_step: int | None = None
    last_time: float | None = None
    last_row: int | None = None
    first_step: int | None = None
    top_step: int | None = None
    first_time: float | None = None


def metric_stats(run_dir: Path) -> dict[str, MetricStats]:
    """Return the statistics of every metric of a run by name; empty if it has no journal.

    Reads the journal in constant memory: about a second for two million values.

    Raises:
        OSError: the journal cannot be read, or is a link.
    """
    try:
        source = Source(run_dir / layout.EVENTS, ended=True)
    except FileNotFoundError:
        return {}
    with source:
        return counted_stats(_batches(source))


def counted_stats(batches: Iterable[Batch]) -> dict[str, MetricStats]:
    """Return the statistics of every metric in the batches of a journal by name."""
    counted: dict[tuple[Lane, str], _Counted] = {}
    for batch in batches:
        for key, points in batch.series.items():
            update_stats(counted.setdefault(key, _Counted()), points)
    # Of a metric that was logged both with and without steps, the points with one count.
    return {
        name: MetricStats.of(of_series)
        for lane in (Lane.STEPLESS, Lane.METRIC)
        for (its_lane, name), of_series in counted.items()
        if its_lane is lane
    }


def _batches(source: Source) -> Iterator[Batch]:
    rows, last_time, memory = 0, 0.0, JournalIdentity()
    while chunk := source.read(memory.offset):
        batch = parse(chunk, rows, last_time, memory.within_line())
        rows, last_time, memory = rows + batch.rows, batch.last_time, memory.after(chunk)
        yield batch
