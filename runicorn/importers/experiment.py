"""One experiment of another tracker, as its importer returns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time as now
from types import MappingProxyType
from typing import Any, NamedTuple

from runicorn.store import layout

GROWING_SECONDS = 600.0
"""A run without a recorded end counts as running this long after its last change: trackers flush every minute or two."""


class NotReadable(Exception):
    """What lies at the path cannot be read as what it was said to be; the text is a sentence."""


class Unreadable(NamedTuple):
    """One run or file of a tracker that cannot be read; its neighbours can.

    Attributes:
        source: the origin, or the path of the file.
        reason: a sentence.
    """

    source: str
    reason: str


def open_ended(last_change: float | None, reason: str = "") -> tuple[str, str]:
    """Return the status and the reason of a run whose end is not recorded.

    Args:
        last_change: Unix seconds of its last record or write; `None` where that is unknown.
        reason: why it counts as interrupted.
    """
    if last_change is not None and now() - last_change < GROWING_SECONDS:
        return layout.RUNNING, ""
    return layout.INTERRUPTED, reason


class Point(NamedTuple):
    """Values that were logged together.

    Attributes:
        step: within 64 bits.
        time: Unix seconds; `None` where the tracker keeps none.
        values: numbers, booleans and short texts by name.
        kind: "metrics", or "system" for the load of the machine, which has no step.
    """

    step: int
    time: float | None
    values: dict[str, Any]
    kind: str = "metrics"


class Image(NamedTuple):
    """A picture that was logged.

    Attributes:
        key: what it shows.
        step: where it belongs.
        time: Unix seconds.
        content: its bytes, or the file that holds them.
        suffix: "png", "jpg", …
        caption: a sentence, or "".
    """

    key: str
    step: int
    time: float | None
    content: bytes | Path
    suffix: str
    caption: str = ""


class Files(NamedTuple):
    """Files that belong to an experiment and become a version of an artifact.

    Attributes:
        name: of the artifact.
        type: of the artifact.
        paths: where each lies, by its path in the artifact.
        references: addresses of what lies elsewhere, by its path in the artifact.
        description, metadata: as the tracker has them.
    """

    name: str
    type: str
    paths: dict[str, Path]
    references: Mapping[str, str] = MappingProxyType({})
    description: str = ""
    metadata: Mapping[str, Any] = MappingProxyType({})


def nothing() -> Iterable[Any]:
    """What a tracker that keeps no such thing tells."""
    return ()


@dataclass(frozen=True)
class Experiment:
    """One experiment of another tracker.

    Attributes:
        origin: what it is known again by, the tracker first: `mlflow:0/8f1c…`.
        project, name: as the tracker has them; what a store does not take in a name is replaced.
        started, ended: Unix seconds; `None` where they are not known: then those of its points.
        status: one of `layout.STATUSES`.
        reason: why it ended so, or "".
        config, summary: as the tracker has them, nested or flat.
        host: the machine it ran on, or "".
        entries: its points and pictures, in the order of the journal; read when they are asked for.
        lines: its log.
        files: what becomes artifacts.
        left: sentences about what cannot be taken over; may grow while `entries` are read.
        fingerprint: changes whenever the source of the run does; "" where that is not known.
        parent: the origin of the run above this one, or "".
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
    entries: Callable[[], Iterable[Point | Image]] = nothing
    lines: Callable[[], Iterable[str]] = nothing
    files: Sequence[Files] = ()
    left: list[str] = field(default_factory=list)
    fingerprint: str = ""
    parent: str = ""


def sizes(paths: Iterable[Path]) -> str:
    """Return the names and sizes of files: the fingerprint of a source that only grows."""
    known = []
    for path in paths:
        try:
            known.append(f"{path.name}:{path.stat().st_size}")
        except OSError:
            known.append(f"{path.name}:-")
    return "\n".join(known)


def by_step(single: Iterable[tuple[int, float | None, str, Any]]) -> list[Point]:
    """Single values (step, time, name, value) as points, by step and time; what was logged at one moment is one point.

    Trackers that keep a file or rows a metric tell them metric by metric. Held in memory as a whole.
    """
    points: list[Point] = []
    for step, time, name, value in sorted(single, key=lambda one: (one[0], one[1] or 0.0)):
        last = points[-1] if points else None
        if last is None or (last.step, last.time) != (step, time) or name in last.values:
            points.append(Point(step, time, {name: value}))
        else:
            last.values[name] = value
    return points
