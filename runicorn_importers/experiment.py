"""Common form of an experiment of another tracker."""

from __future__ import annotations

import math
import sqlite3
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import time as now
from types import MappingProxyType
from typing import Any, NamedTuple

from runicorn.media import histograms, tables
from runicorn.store import layout
from runicorn.store.state.transitions import unfinished
from runicorn_importers.sample_rows.row import SampleRow

NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity", "nan", "inf", "-inf", "INF", "-INF"})


class NotReadable(Exception):
    """The path cannot be read as data of this tracker; the message says why."""


DAMAGED = (
    NotReadable,
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
    sqlite3.Error,
)
"""Errors of a source with unexpected content, such as a list where the format has an object."""


class Unreadable(NamedTuple):
    """One run or file of a tracker that cannot be read; others can.

    Attributes:
        source: the origin, or the path of the file.
        reason: the message.
    """

    source: str
    reason: str


def utc_seconds(text: Any) -> float | None:
    """Return the Unix seconds of an ISO time, in UTC unless it has a zone; None if it is missing or malformed."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def open_ended(last_change: float | None, reason: str = "") -> tuple[str, str]:
    """Return the status and the reason of a run whose end is not recorded.

    Args:
        last_change: Unix seconds of its last record or write; None if unknown.
        reason: why it counts as interrupted.
    """
    status, exit_reason = unfinished(last_change, now(), reason)
    return status, exit_reason or ""


class Point(NamedTuple):
    """Values that were logged together.

    Attributes:
        step: within 64 bits.
        time: Unix seconds; None if not recorded.
        values: numbers, booleans and short texts by name.
        kind: "metrics", or "system" for machine statistics, which have no step.
    """

    step: int
    time: float | None
    values: dict[str, Any]
    kind: str = "metrics"


class Media(NamedTuple):
    """A logged image, sound, video or document, a table, or a histogram.

    Attributes:
        key: its name.
        time: Unix seconds.
        content: its bytes, or the path of its file.
        suffix: "png", "mp4", "table.json", …
        caption: a sentence, or "".
        kind: type of its record: "image" for all that a page shows as a file, "table" or "histogram".
        samples: the rows of a table or trace that are samples, which are stored as such too.
    """

    key: str
    step: int
    time: float | None
    content: bytes | Path
    suffix: str
    caption: str = ""
    kind: str = "image"
    samples: Sequence[SampleRow] = ()


Entry = Point | Media


def as_table(
    key: str,
    step: int,
    time: float | None,
    rows: Any,
    columns: Any = None,
    samples: Sequence[SampleRow] = (),
) -> Media:
    """Return a table; see `runicorn.media.tables.table`."""
    content = tables.encode(tables.table(rows, columns))
    return Media(key, step, time, content, tables.SUFFIX, kind="table", samples=samples)


def as_histogram(
    key: str, step: int, time: float | None, edges: Iterable[float], counts: Iterable[float]
) -> Media:
    """Return a histogram that was counted by the tracker.

    Raises:
        ValueError: the numbers of edges and counts do not match.
    """
    content = histograms.of_bins([float(edge) for edge in edges], [round(count) for count in counts])
    return Media(key, step, time, tables.encode(content), tables.HISTOGRAM_SUFFIX, kind="histogram")


class Series(NamedTuple):
    """Statistics by which a metric is compared with its source.

    Attributes:
        points: number of values, including NaN and infinities.
        low, high: lowest and highest finite value; None without one.
        last: value of the last record.
    """

    points: int
    low: float | None
    high: float | None
    last: float

    def equals(self, other: Series | None) -> bool:
        """Return whether all are equal, numbers to 14 digits: SQLite rounds a text to a number differently."""
        return (
            other is not None
            and self.points == other.points
            and all(_is_same(mine, another) for mine, another in zip(self[1:], other[1:], strict=True))
        )


def _is_same(value: float | None, other: float | None) -> bool:
    if value is None or other is None or value != value or other != other:
        return value is other or (value != value and other != other)
    return math.isclose(value, other, rel_tol=1e-14)


class Tally:
    """Statistics of series, counted value by value in the order of the records."""

    def __init__(self) -> None:
        self._counted: dict[str, list[Any]] = {}

    def add(self, name: str, value: Any) -> None:
        """Count a value; texts and nulls have no statistics."""
        if not isinstance(value, int | float):
            return
        counted = self._counted.setdefault(name, [0, None, None, value])
        counted[0] += 1
        counted[3] = value
        if isinstance(value, int) or math.isfinite(value):
            counted[1] = value if counted[1] is None else min(counted[1], value)
            counted[2] = value if counted[2] is None else max(counted[2], value)

    def series(self) -> dict[str, Series]:
        return {name: Series(*counted) for name, counted in self._counted.items()}


def tally(values: Iterable[tuple[str, Any]]) -> dict[str, Series]:
    """Return the statistics of (name, value) pairs."""
    counted = Tally()
    for name, value in values:
        counted.add(name, value)
    return counted.series()


class Files(NamedTuple):
    """Files of an experiment that become a version of an artifact.

    Attributes:
        name: name of the artifact.
        type: type of the artifact.
        paths: source files by their path in the artifact.
        references: URIs of data stored elsewhere, by their path in the artifact.
        description, metadata, aliases: as recorded by the tracker.
    """

    name: str
    type: str
    paths: dict[str, Path]
    references: Mapping[str, str] = MappingProxyType({})
    description: str = ""
    metadata: Mapping[str, Any] = MappingProxyType({})
    aliases: Sequence[str] = ()


def nothing() -> Iterable[Any]:
    """Yield nothing; for trackers without such data."""
    return ()


@dataclass(frozen=True)
class Experiment:
    """One experiment of another tracker.

    Attributes:
        origin: stable id that begins with the tracker: `mlflow:0/8f1c…`.
        project, name: as recorded by the tracker; invalid characters are replaced.
        started, ended: Unix seconds; if None, the times of its points are used.
        status: one of `layout.STATUSES`.
        reason: reason of its end, or "".
        config, summary: as recorded by the tracker, nested or flat.
        host: host name of its machine, or "".
        entries: its points and media, in the order of the journal; read lazily.
        lines: its log.
        files: files that become artifacts.
        omissions: messages about data that cannot be imported; may grow while `entries` are read.
        fingerprint: changes whenever the source of the run does; "" if unknown.
        parent: origin of the parent run, or "".
        fork_step: last step that a fork shares with its parent; None if it is not a fork.
        is_dated: whether `started` is recorded; False if it is only the time of a file.
        check: returns the statistics of all numbers by another pass over the source than `entries`, with the names
            that `entries` uses; None where there is no second way to read it.
    """

    origin: str
    project: str
    name: str
    started: float | None = None
    ended: float | None = None
    status: str = layout.FINISHED
    reason: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    notes: str = ""
    group: str = ""
    host: str = ""
    entries: Callable[[], Iterable[Entry]] = nothing
    lines: Callable[[], Iterable[str]] = nothing
    files: Sequence[Files] = ()
    omissions: list[str] = field(default_factory=list)
    fingerprint: str = ""
    parent: str = ""
    fork_step: float | None = None
    is_dated: bool = True
    check: Callable[[], Mapping[str, Series]] | None = None

    @property
    def tracker(self) -> str:
        return self.origin.partition(":")[0]


def sizes(paths: Iterable[Path]) -> str:
    """Return the names and sizes of files: the fingerprint of an append-only source."""
    lines = []
    for path in paths:
        try:
            lines.append(f"{path.name}:{path.stat().st_size}")
        except OSError:
            lines.append(f"{path.name}:-")
    return "\n".join(lines)


def by_step(single: Iterable[tuple[int, float | None, str, Any]]) -> list[Point]:
    """Group single values (step, time, name, value) logged at the same moment into points, by step and time.

    For trackers with separate files or rows for each metric. Keeps all values in memory.
    """
    points: list[Point] = []
    for step, time, name, value in sorted(single, key=lambda point: (point[0], point[1] or 0.0)):
        last = points[-1] if points else None
        if last is None or (last.step, last.time) != (step, time) or name in last.values:
            points.append(Point(step, time, {name: value}))
        else:
            last.values[name] = value
    return points


def number(value: Any) -> Any:
    """Return the number for a word that a tracker writes because JSON has none for it; return others unchanged."""
    return float(value) if isinstance(value, str) and value in NOT_FINITE else value


def text_lines(tag: str, step: int, words: str) -> list[str]:
    """Return the lines of the log for a logged text, as `SummaryWriter.add_text` of Runicorn writes them."""
    return f"{tag} (step {step}): {words}".splitlines()
