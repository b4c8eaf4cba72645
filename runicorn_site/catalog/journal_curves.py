"""Curves read from the journal of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from metrics.ingest.parse import parse
from metrics.ingest.source import JournalIdentity, Source
from metrics.query import downsample
from metrics.store.columns import TEXT
from metrics.store.lanes import Lane
from metrics.store.points import Points, gather
from runicorn.store import layout
from runicorn_site.catalog.base import Curve
from runs.store.lazy_numpy import np


def read_curves(folder: Path, names: Sequence[str], points: int) -> dict[str, Curve]:
    """Return the curves of metrics by name, or of all metrics; the last value of a step counts.

    A metric that was only logged without steps has the number of its record as step.

    Raises:
        OSError: the journal cannot be read, or is a link.
    """
    return curves_of(read_series(folder, names), points)


def curves_of(series: Mapping[str, tuple[Lane, Points]], points: int) -> dict[str, Curve]:
    """Return curves of at most so many points by name."""
    return {name: _curve(part, lane, points) for name, (lane, part) in series.items()}


def read_series(folder: Path, names: Sequence[str]) -> dict[str, tuple[Lane, Points]]:
    """Return all points of metrics by name, in the order of the journal; of all metrics if none is named.

    Raises:
        OSError: the journal cannot be read, or is a link.
    """
    parts: dict[tuple[Lane, str], list[Points]] = {}
    try:
        source = Source(folder / layout.EVENTS, ended=True)
    except FileNotFoundError:
        return {}
    with source:
        rows, last_time, memory = 0, 0.0, JournalIdentity()
        while chunk := source.read(memory.offset):
            batch = parse(chunk, rows, last_time, memory.within_line())
            rows, last_time, memory = rows + batch.rows, batch.last_time, memory.after(chunk)
            for (lane, name), series in batch.series.items():
                if not names or name in names:
                    parts.setdefault((lane, name), []).append(series)
    return {
        name: (lane, gather(series))
        for order in (Lane.STEPLESS, Lane.SYSTEM, Lane.METRIC)
        for (lane, name), series in parts.items()
        if lane is order
    }


def _curve(series: Points, lane: Lane, points: int) -> Curve:
    if lane is Lane.METRIC:
        series = series.by_step().unshadowed()
        x = series.step.astype(np.float64)
    else:
        x = series.row.astype(np.float64)
    heights = series.value.heights()
    at = downsample.curve(x, heights, max(4, points))
    labels = series.value.labels if series.value.kind == TEXT else ()
    return Curve(x[at].tolist(), heights[at].tolist(), len(heights), labels)
