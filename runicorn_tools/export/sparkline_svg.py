"""Sparklines of a run's metrics as SVG, computed in one pass and constant memory."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from pathlib import Path

from runicorn.store.journal.records import FIRST_COLUMNS, metric_records, number

BUCKETS = 256
"""Buckets of a curve, of each of which the lowest and the highest point are drawn."""
MOST = 60
WIDTH, HEIGHT, EDGE = 640, 150, 4

Point = tuple[float, float]


@dataclass
class Curve:
    """A metric's lowest and highest point in each of at most `BUCKETS` buckets.

    When they are full, neighbours are merged, and each bucket takes twice as many points.
    """

    buckets: list[tuple[Point, Point]] = field(default_factory=list)
    length: int = 1
    filled: int = 0

    def add(self, point: Point) -> None:
        if self.filled == 0:
            if len(self.buckets) == BUCKETS:
                pairs = zip(self.buckets[::2], self.buckets[1::2], strict=True)
                self.buckets = [_joined(bucket, other) for bucket, other in pairs]
                self.length *= 2
            self.buckets.append((point, point))
        else:
            self.buckets[-1] = _joined(self.buckets[-1], (point, point))
        self.filled = (self.filled + 1) % self.length

    def points(self) -> list[Point]:
        """Return the points to draw, by x."""
        return sorted({point for bucket in self.buckets for point in bucket})


def _joined(bucket: tuple[Point, Point], other: tuple[Point, Point]) -> tuple[Point, Point]:
    low = min(bucket[0], other[0], key=lambda point: point[1])
    high = max(bucket[1], other[1], key=lambda point: point[1])
    return low, high


def read(run_dir: Path) -> tuple[dict[str, Curve], int]:
    """Return the curves of a run's metrics by name, as many as are drawn, and the number of further ones.

    Points are placed by step, or by position in records without a step; NaN and infinities are skipped.
    """
    curves: dict[str, Curve] = {}
    more: set[str] = set()
    for place, record in enumerate(metric_records(run_dir)):
        step = number(record.get("global_step", record.get("step")))
        x = step if step is not None and math.isfinite(step) else float(place)
        for name, value in record.items():
            y = number(value)
            if name in FIRST_COLUMNS or y is None or not math.isfinite(y):
                continue
            if name not in curves and len(curves) == MOST:
                more.add(name)
            else:
                curves.setdefault(name, Curve()).add((x, y))
    return dict(sorted(curves.items())), len(more)


def svg(name: str, curve: Curve) -> str:
    """Return a curve as an SVG element with a text description."""
    points = curve.points()
    (left_edge, right), (low, high) = _range([x for x, _ in points]), _range([y for _, y in points])
    places = " ".join(
        f"{_share(x, left_edge, right) * (WIDTH - 2 * EDGE) + EDGE:.1f},"
        f"{HEIGHT - EDGE - _share(y, low, high) * (HEIGHT - 2 * EDGE):.1f}"
        for x, y in points
    )
    first, last = (_figure(value) for value in (points[0][0], points[-1][0]))
    lowest, highest = (_figure(value) for value in (min(y for _, y in points), max(y for _, y in points)))
    words = html.escape(f"{name}: {lowest} to {highest} from step {first} to {last}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
        f'<polyline points="{places}"/></svg>'
        f'<p class="range">{lowest} to {highest}, step {first} to {last}</p>'
    )


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 1, high + 1)


def _share(value: float, low: float, high: float) -> float:
    # Halved first: the difference of two huge numbers may be infinite.
    width = high / 2 - low / 2
    return (value / 2 - low / 2) / width if width else 0.5


def _figure(value: float) -> str:
    return f"{value:.6g}"
