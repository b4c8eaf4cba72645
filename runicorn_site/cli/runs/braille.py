"""Curves drawn with Braille patterns (Unicode block 2800): 2 x 4 dots a character."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of the dot in each column and row of a character."""
EMPTY = 0x2800
Series = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Canvas:
    """Drawn characters, each with the number of the series on top, and the ranges of both axes."""

    rows: list[list[tuple[str, int | None]]]
    low: float
    high: float
    first: float
    last: float


def draw(series: Sequence[Series], width: int, height: int) -> Canvas | None:
    """Draw lines through the points of several series on common axes; None if no value is finite.

    Values that are not finite interrupt a line.
    """
    points = [
        (x, y)
        for xs, ys in series
        for x, y in zip(xs, ys, strict=True)
        if math.isfinite(y) and math.isfinite(x)
    ]
    if not points:
        return None
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    bits = [[0] * width for _ in range(height)]
    owners: list[list[int | None]] = [[None] * width for _ in range(height)]
    across, up = 2 * width - 1, 4 * height - 1

    def place(x: float, y: float) -> tuple[int, int]:
        column = round((x - first) / (last - first) * across) if last > first else across // 2
        row = round((high - y) / (high - low) * up) if high > low else up // 2
        return column, row

    for number, (xs, ys) in enumerate(series):
        before: tuple[int, int] | None = None
        for x, y in zip(xs, ys, strict=True):
            if not math.isfinite(y):
                before = None
                continue
            here = place(x, y)
            for column, row in _line(before or here, here):
                bits[row // 4][column // 2] |= DOTS[column % 2][row % 4]
                owners[row // 4][column // 2] = number
            before = here
    rows = [
        [(chr(EMPTY + bit) if bit else " ", owner) for bit, owner in zip(line, of_line, strict=True)]
        for line, of_line in zip(bits, owners, strict=True)
    ]
    return Canvas(rows, low, high, first, last)


def _line(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the dots between two dots, both included."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    return [
        (
            round(start[0] + (end[0] - start[0]) * step / steps),
            round(start[1] + (end[1] - start[1]) * step / steps),
        )
        for step in range(steps + 1)
    ]
