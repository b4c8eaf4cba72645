"""Parse journal lines into columns of points.

All lines of a chunk are parsed by one call: joined into an array, separated by a random number, so that the result
shows whether every line was one value. If that fails (bare NaN and infinities, which are not JSON; a torn line; foreign
bytes) the lines are parsed one by one.
"""

from __future__ import annotations

import gc
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

import orjson

from metrics.ingest.source import LAST_LINE
from metrics.store.columns import INT64, Ints, Values
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.api.responses.alerts import Level
from runicorn.store.journal.checksums import altered_lines, salvage
from runs.store.lazy_numpy import np

NAME_LENGTH = 255
TEXT_LENGTH = 1000
"""Maximum characters of a text value; prose belongs in the log."""
TITLE_LENGTH = 200
_FAR = 1e11
"""Unix seconds beyond which a number is not a valid time."""
_SENTINEL = secrets.randbits(62) | 1 << 62
_BETWEEN = b",%d," % _SENTINEL
_BAD = object()
_BLANK = object()
_SCALARS = frozenset({float, int, bool, str})
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class ScriptAlert:
    """An alert that a script raised."""

    at: float
    title: str
    text: str
    level: Level


@dataclass(slots=True)
class Batch:
    """Content of a chunk of a journal: `rows` complete lines, `bad` of which are malformed.

    `untimed` events have no valid time and get that of the previous event.
    `records` lines were parsed, `altered` of them do not match their checksum.
    """

    rows: int
    bad: int
    last_time: float
    untimed: int = 0
    records: int = 0
    altered: int = 0
    series: dict[tuple[Lane, str], Points] = field(default_factory=dict)
    raised: list[ScriptAlert] = field(default_factory=list)


@dataclass(slots=True)
class _Salvaged:
    """A record after the incomplete line of a process that was killed."""

    event: Any


@dataclass(slots=True)
class _Logged:
    """Events of one type in the order of the journal. `steps` has None for an event without a step."""

    rows: list[int] = field(default_factory=list)
    steps: list[int | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    stages: list[Any] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def _collections_paused() -> Iterator[None]:
    """Switch automatic garbage collection off: records are many containers without cycles, a third of the time to parse."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


@_collections_paused()
def parse(chunk: bytes, first_row: int = 0, last_time: float = 0.0, continued: bool = False) -> Batch:
    """Parse the complete lines in `chunk`.

    Args:
        chunk: bytes up to a newline; text after the last newline is ignored. Or a single last record.
        first_row: index of the first line in the journal. Every line counts, including blank and bad ones.
        last_time: Unix seconds for events before the first one with a valid time.
        continued: the chunk does not start at the beginning of a line: text before its first newline is the end of a
                line that was too long, and bad.
    """
    lines = chunk.split(b"\n")
    if len(lines) > 1 or len(chunk) > LAST_LINE or not chunk.endswith(b"}"):
        lines.pop()
    if continued and lines and not lines[0].strip():
        # Only the newline of a last record that was read without it.
        del lines[0]
        continued = False
    events = load(lines, chunk.startswith(b"\n") or b"\n\n" in chunk)
    if continued and events:
        events[0] = _BAD
    altered = {first_row + i for i in altered_lines(lines)}
    batch = Batch(len(lines), 0, last_time, records=len(lines))
    metrics, system = _Logged(), _Logged()
    for row, event in enumerate(events, first_row):
        if type(event) is _Salvaged:
            batch.bad, event = batch.bad + 1, event.event
            altered.discard(row)
        if type(event) is not dict:
            batch.bad += event is not _BLANK
            batch.records -= 1
            continue
        if altered and row in altered:
            batch.altered += 1
        if type(data := event.get("data")) is dict:
            kind = event.get("type")
            if kind == "metrics":
                _note(metrics, row, event, data, batch)
            elif kind == "system":
                _note(system, row, event, data, batch)
            elif kind == "alert":
                _note_alert(event, data, batch)
    _add(batch, metrics, (Lane.ROWS, Lane.STEPLESS_ROWS), (Lane.METRIC, Lane.STEPLESS))
    _add(batch, system, None, (Lane.SYSTEM, Lane.SYSTEM))
    return batch


def load(lines: list[bytes], has_blanks: bool = False) -> list[Any]:
    """Return the values of lines; something that is no JSON for a blank or malformed one."""
    if has_blanks:  # the journal of several processes has empty lines between its records
        events = [_BLANK] * len(lines)
        filled = [i for i, line in enumerate(lines) if line]
        for i, event in zip(filled, load([lines[i] for i in filled]) if filled else (), strict=True):
            events[i] = event
        return events
    try:
        values = orjson.loads(b"[" + _BETWEEN.join(lines) + b"]")
    except orjson.JSONDecodeError:
        return [_load_one(line) for line in lines]
    # Every sentinel stands at the top of the array, so between two of them stands one value: one line.
    if len(values) == 2 * len(lines) - 1 and values[1::2].count(_SENTINEL) == len(lines) - 1:
        return list(values[::2])
    return [_load_one(line) for line in lines]


def _load_one(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        if not line.strip():
            return _BLANK
    try:
        return json.loads(line.decode("utf-8", "ignore"))
    except (ValueError, RecursionError):
        rest = salvage(line)
        return _Salvaged(orjson.loads(rest)) if rest else _BAD


def _note(into: _Logged, row: int, event: dict[str, Any], data: dict[str, Any], batch: Batch) -> None:
    """Extract the reserved names of an event's data; the rest is kept for later."""
    step, other = data.pop("global_step", None), data.pop("step", None)
    if type(step) is not int or step not in INT64:
        step = next(
            (step_value for step_value in map(_integer, (step, other)) if step_value is not None), None
        )
    time, ts = data.pop("time", None), data.pop("ts", None)
    if type(time) is not float or not -_FAR < time < _FAR:  # as is_time, without a call for every record
        event_time = _time((time, event.get("ts"), ts))
        batch.untimed += event_time is None
        time = batch.last_time if event_time is None else event_time
    batch.last_time = time
    into.rows.append(row)
    into.steps.append(step)
    into.times.append(time)
    into.stages.append(data.pop("stage", None))
    into.data.append(data)


def _note_alert(event: dict[str, Any], data: dict[str, Any], batch: Batch) -> None:
    title, text, level = (data.get(name) for name in ("title", "text", "level"))
    if type(title) is str and title:
        at = _time((event.get("ts"),))
        display_text = _clean(text).replace("\0", "\ufffd") if type(text) is str else ""
        batch.raised.append(
            ScriptAlert(
                batch.last_time if at is None else at,
                _clean(title).replace("\0", "\ufffd")[:TITLE_LENGTH],
                display_text,
                level if level in LEVELS else LEVELS[0],
            )
        )


def _integer(value: Any) -> int | None:
    """Convert a step as Runicorn 0.5 does: anything that `int()` accepts, texts and floats included."""
    try:
        step = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return step if step in INT64 else None


def is_time(seconds: float) -> bool:
    return -_FAR < seconds < _FAR


def _time(candidates: tuple[Any, ...]) -> float | None:
    """The first that is a number and not absurd."""
    for seconds in candidates:
        if type(seconds) in (int, float) and is_time(seconds):
            return float(seconds)
    return None


def _add(batch: Batch, logged: _Logged, rows: tuple[Lane, Lane] | None, metrics: tuple[Lane, Lane]) -> None:
    """Turn the events into columns; of two lanes the second takes the points without a step."""
    if not logged.rows:
        return
    stepped = np.array([step is not None for step in logged.steps])
    everything = Points(
        np.array(logged.rows, dtype=np.int64),
        np.array([step or 0 for step in logged.steps], dtype=np.int64),
        np.array(logged.times, dtype=np.float64),
        Values.nothing(len(logged.rows)),
        _scalars(logged.stages),
    )
    if rows is not None:
        _add_points(batch, rows, "", everything, stepped)
    for name, (at, values) in _columns(logged.data).items():
        points = everything.select(at)
        points = Points(points.row, points.step, points.time, values, points.stage)
        _add_points(batch, metrics, name, points, stepped[at])


def _add_points(batch: Batch, lanes: tuple[Lane, Lane], name: str, points: Points, stepped: Any) -> None:
    for lane, here in zip(lanes, (stepped, ~stepped), strict=True):
        if here.all():
            batch.series[lane, name] = points
        elif here.any():
            batch.series[lane, name] = points.select(here)


def _columns(events: Sequence[dict[str, Any]]) -> dict[str, tuple[Ints, Values]]:
    """For every name the positions of the events that have it, ascending, and its values there."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, data in enumerate(events):
        alike.setdefault(tuple(data), []).append(i)
    cells: dict[str, tuple[list[int], list[Any]]] = {}
    for names, at in alike.items():
        for name, values in zip(names, zip(*[events[i].values() for i in at], strict=True), strict=True):
            positions, column = cells.setdefault(name, ([], []))
            positions.extend(at)
            column.extend(values)
    columns = {stored_name(name): _column(*pair, len(alike) > 1) for name, pair in cells.items()}
    return {name: column for name, column in columns.items() if len(column[0])}


def _column(positions: list[int], values: list[Any], scattered: bool) -> tuple[Ints, Values]:
    if not set(map(type, values)) <= {float, int, bool}:
        scalars = [i for i, value in enumerate(values) if type(value) in _SCALARS]
        positions = [positions[i] for i in scalars]
        values = [_clean(value) if type(value := values[i]) is str else value for i in scalars]
    at, column = np.array(positions, dtype=np.int64), Values.of(values)
    if scattered and len(at) > 1 and not bool((at[1:] > at[:-1]).all()):
        order = np.argsort(at)
        return at[order], column.select(order)
    return at, column


def _scalars(values: Iterable[Any]) -> Values:
    return Values.of(
        [_clean(v) if type(v) is str else v if type(v) in (float, int, bool) else None for v in values]
    )


def _clean(text: str) -> str:
    """Short, and something that can be encoded."""
    if len(text) > TEXT_LENGTH:
        text = text[: TEXT_LENGTH - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def stored_name(name: str) -> str:
    """The name of a metric as the database knows it: itself, or shortened with a hash where it cannot be stored."""
    if len(name) <= NAME_LENGTH and "\0" not in name and (name.isascii() or _encodes(name)):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = name[: NAME_LENGTH - 17].replace("\0", "").encode("utf-8", "ignore").decode()
    return f"{readable}…{digest}"


def _encodes(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
