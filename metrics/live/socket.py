"""WebSocket of a run's page: `WS /runs/{run_id}/live`."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
from channels.db import database_sync_to_async

from metrics.ingest.catch_up import catch_up
from metrics.ingest.parse import parse
from metrics.models import Journal
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.store import layout
from runicorn_site.web.access import Scope, access
from runicorn_site.web.files import OpenFile
from runs.live.log_blocks import Block, blocks, lines_before
from runs.live.run_socket import RunSocket, whole_number
from runs.live.tail import Chunk
from runs.models import Run

_Point = tuple[int, int | None, float, Any]


class PointFrames:
    """Converts chunks of one generation of a journal to frames; every line has its index in the journal."""

    def __init__(self, generation: int, row: int, last_time: float = 0.0) -> None:
        """Start after line `row`, -1 for the first; events without a time get the previous one, initially `last_time`."""
        self.generation = generation
        self.row = row
        self._last_time = last_time

    def frame(self, chunk: Chunk) -> str:
        """Return the points of a chunk as JSON.

        `{"type": "points", "generation": i, "before": line before these, "last_row": the last of these, "end":
        byte after it, "series": {name: {"step": […], "time": […], "value": […], "special": […]}}}`. `step` is null for a
        point without one, `value` if it is not a finite number; `special`, omitted when empty, then has the value:
        `[[index, "nan" | "inf" | "-inf"], …]`.
        """
        before = self.row
        batch = parse(chunk.data, before + 1, self._last_time, chunk.continued)
        self.row, self._last_time = before + batch.rows, batch.last_time
        points_by_name: dict[str, list[_Point]] = {}
        for (lane, name), points in batch.series.items():
            if lane in (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM):
                points_by_name.setdefault(name, []).extend(_points(points, stepped=lane == Lane.METRIC))
        frame = {
            "type": "points",
            "generation": self.generation,
            "before": before,
            "last_row": self.row,
            "end": chunk.end,
            "series": {name: _columns(points) for name, points in points_by_name.items()},
        }
        return orjson.dumps(frame).decode()


def _points(points: Points, *, stepped: bool) -> list[_Point]:
    steps = points.step.tolist() if stepped else [None] * len(points)
    return list(zip(points.row.tolist(), steps, points.time.tolist(), points.value.objects(), strict=True))


def _columns(points: list[_Point]) -> dict[str, list[Any]]:
    """Merge points with and without a step, which come from two lanes, in the order of the journal."""
    points.sort(key=itemgetter(0))
    _, steps, times, values = (list(column) for column in zip(*points, strict=True))
    columns = {"step": steps, "time": times, "value": values}
    special = [[i, _special(value)] for i, value in enumerate(values) if _is_special(value)]
    return columns | {"special": special} if special else columns


def _is_special(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _special(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


LOG_LINES = 1000
BACKLOG = 4 * 1024 * 1024
"""Bytes of a journal sent as points. A larger backlog is fetched from the database, downsampled."""

JUDGED_SECONDS = 3.0
PAUSE = 1.0
"""Interval of polling rows that change without a file."""

TURN = 2.0
"""Seconds that a new socket waits for another process that ingests the journal."""

STATE = (
    *("run_id", "project", "name", "status", "exit_reason", "state", "state_reason", "warnings", "last_step"),
    *("created", "updated", "started", "ended", "duration"),
    *("best_metric_name", "best_metric_value", "best_metric_step"),
)
"""Fields of a run in the header of its page that change."""

MEDIUM = b'"path"'
"""Contained in every image, table and histogram event."""


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """End of the points that a page has.

    Attributes:
        generation: generation of the journal; a replaced journal has a new one.
        end: byte after the last line.
        row: index of that line; -1 for none.
        last_time: Unix seconds of the last event.
    """

    generation: int
    end: int
    row: int
    last_time: float = 0.0


@access(Scope.READ)
class LiveSocket(RunSocket):
    """Points, log lines and state of one run as they arrive, in JSON text frames.

    Query: `end`, `row` and `generation` from a response of `series` (`journal_end`, `last_row`, `generation`) or from the
    last frame of points, so that no point is missing or repeated; without `end` it starts with the next point. `log` starts
    at that byte of the log, which `log_lines` lines precede; without it, it starts with the last 1,000 lines.

    Frames: `points` (see `PointFrames`); `{"type": "log", "first": number of the first line, "lines": […], "start": i,
    "end": i, "long": […]}` (see `runs.live.log_blocks.Block`), with `"replaced": true` when the log was replaced;
    `{"type": "status", "run": {…}}` at the start and after every change;
    `{"type": "media"}`: an image, table or histogram may have been logged;
    `{"type": "reset", "generation": g, "row": r, "end": i}`: fetch the series again, the points that follow come after that
    row. It is sent when the journal was replaced, and when the page is more than 4 MiB behind. Close codes are those of
    the log's socket.
    """

    watched_files = (layout.META, layout.STATUS, layout.SUMMARY, layout.CURATION, layout.DELETED)

    def read_query(self, query: dict[str, str]) -> None:
        """Parse `end`, `row`, `generation`, `log` and `log_lines`."""
        self.requested: JournalPosition | None = None
        if "end" in query:
            row = whole_number(query, "row", default=0) if query.get("row") != "-1" else -1
            generation = whole_number(query, "generation", default=0)
            self.requested = JournalPosition(generation, whole_number(query, "end", default=0), row)
        self.log_offset = whole_number(query, "log", default=0)
        self.log_tail = None if "log" in query else LOG_LINES
        self.log_before = whole_number(query, "log_lines", default=0) if "log_lines" in query else None
        self._state: tuple[Any, ...] = ()
        self._moved = asyncio.Event()
        self._sent = 0

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Return the tasks for points, log and state."""
        own = (self.send_points(), self.send_log(), self.send_progress(), self.send_judged_state())
        return [*super().parts(), *own]

    async def send_frame(self, **frame: Any) -> None:
        """Send a frame other than points."""
        await self.send_all([orjson.dumps(frame).decode()])

    async def send_progress(self) -> None:
        """Send the state after the ingest changed it: best value and last step may be in no small file yet."""
        while True:
            await self._moved.wait()
            await asyncio.sleep(PAUSE)
            self._moved.clear()
            fresh, revision = await database_sync_to_async(_row)(self.run.pk)
            if revision < self._sent:
                self._moved.set()  # not everything sent is in the rows yet
            self.run = fresh or (await self.find_run())[0]
            await self.send_status()

    async def send_judged_state(self) -> None:
        """Send the state after the server judged it: no file of the run changes when it stalls or is lost."""
        while True:
            await asyncio.sleep(JUDGED_SECONDS)
            if not self.has_ended():
                fresh, _ = await database_sync_to_async(_row)(self.run.pk)
                if fresh and fresh.state != self.run.state:
                    self.run = fresh
                    await self.send_status()

    async def send_status(self) -> None:
        """Send the fields of the page's header if they changed."""
        state = tuple(getattr(self.run, name) for name in STATE)
        if state != self._state:
            self._state = state
            await self.send_frame(type="status", run=dict(zip(STATE, state, strict=True)))

    async def send_log(self) -> None:
        """Send the lines of the log with their numbers."""
        path = self.folder / layout.LOGS
        with self.reading_log(self.log_offset, self.log_tail) as subscription:
            async for chunk in subscription:
                if chunk.replaced or chunk.start == 0:
                    self.log_before = 0
                elif self.log_before is None:
                    self.log_before = await asyncio.to_thread(_lines_before, path, chunk.start)
                await self.send_all(_log_frames(chunk, self.log_before + 1))
                self.log_before += chunk.data.count(b"\n")

    async def send_points(self) -> None:
        """Send the points of the journal; send a reset if it was replaced."""
        place = await self.first_position()
        while True:
            self._moved.set()  # the ingest may have changed the row
            await self.follow(place)
            before, place = place, await self.ingested_position()
            if before.generation == place.generation:
                await asyncio.sleep(PAUSE)
            await self.send_reset(place)

    async def first_position(self) -> JournalPosition:
        """Return the start: the end of the page's points, unless they are of another journal or too far back."""
        # While another process ingests a replaced journal, the rows have the old generation.
        ingested, size = await database_sync_to_async(_ingest)(self.run, TURN)
        requested = self.requested
        if requested and requested.row < 0 and requested.end == 0:
            requested = replace(requested, generation=ingested.generation)
        if requested and requested.generation == ingested.generation and 0 <= size - requested.end <= BACKLOG:
            return replace(requested, last_time=ingested.last_time)
        place = await self.ingested_position()
        if requested:
            await self.send_reset(place)
        return place

    async def ingested_position(self) -> JournalPosition:
        """Return the end of the points in the database once they have almost caught up with the journal."""
        while True:
            place: JournalPosition
            place, size = await database_sync_to_async(_ingest)(self.run)
            if size - place.end <= BACKLOG:
                return place
            await asyncio.sleep(PAUSE)

    async def send_reset(self, place: JournalPosition) -> None:
        """Request a reload of the page's series; it is sent the points after `place`."""
        await self.send_frame(type="reset", generation=place.generation, row=place.row, end=place.end)

    async def follow(self, place: JournalPosition) -> None:
        """Send the points after `place` until the journal is replaced."""
        frames = PointFrames(place.generation, place.row, place.last_time)
        with self.reading(self.folder / layout.EVENTS, place.end, anywhere=True) as subscription:
            await subscription.ready()
            # From here on the hub notices a replacement. One between reading the rows and the hub's first poll that has grown
            # past the position since is only noticed by the ingest.
            ingested, _ = await database_sync_to_async(_ingest)(self.run, TURN)
            if ingested.generation != place.generation:
                return
            async for chunk in subscription:
                self._sent = chunk.end
                if chunk.replaced:
                    return
                await self.send_all([frames.frame(chunk)])
                if MEDIUM in chunk.data:
                    await self.send_frame(type="media")
                self._moved.set()


def _log_frames(chunk: Chunk, first: int) -> Iterator[str]:
    if chunk.replaced:
        yield orjson.dumps({"type": "log", "replaced": True, **asdict(Block(1, 0, 0))}).decode()
    for block in blocks(chunk.data, chunk.start, first):
        yield orjson.dumps({"type": "log", **asdict(block)}).decode()


def _lines_before(path: Path, end: int) -> int:
    try:
        file = OpenFile(path)
    except OSError:  # removed just now; the reader will report it
        return 0
    return lines_before(file.fd, end)


def _journal(run: int) -> Journal:
    return Journal.objects.filter(run=run).first() or Journal()


def _row(run: int) -> tuple[Run | None, int]:
    """Return the run, and the number of ingested bytes of its journal."""
    return Run.objects.filter(pk=run).first(), _journal(run).offset


def _ingest(run: Run, wait: float = 0.0) -> tuple[JournalPosition, int]:
    """Ingest new lines for about `wait` seconds, which also detects a replaced journal.

    Returns:
        The end of the rows in the database, and the size of the journal in bytes.
    """
    catch_up(run, wait)
    journal = _journal(run.pk)
    place = JournalPosition(journal.generation, journal.offset, journal.rows - 1, journal.clock(run))
    try:
        return place, os.lstat(run.path / layout.EVENTS).st_size
    except FileNotFoundError:
        return place, 0
