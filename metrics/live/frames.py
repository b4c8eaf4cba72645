"""JSON frames with new points of a journal for an open page."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Any

import orjson

from metrics.ingest.parse import parse
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runs.live.tail import Chunk

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
        found: dict[str, list[_Point]] = {}
        for (lane, name), points in batch.series.items():
            if lane in (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM):
                found.setdefault(name, []).extend(_points(points, stepped=lane == Lane.METRIC))
        frame = {
            "type": "points",
            "generation": self.generation,
            "before": before,
            "last_row": self.row,
            "end": chunk.end,
            "series": {name: _columns(points) for name, points in found.items()},
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
