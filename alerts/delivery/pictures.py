"""Pictures of curves for messages, drawn with Pillow."""

from __future__ import annotations

import io
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.exceptions import ValidationError

from alerts.delivery.messages import UNSAFE
from alerts.kinds.base import number
from alerts.kinds.threshold import KIND as THRESHOLD
from alerts.models import AlertEvent
from metrics.query.series import run_series
from metrics.query.series_view import JournalReplaced
from metrics.store.columns import Floats
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

POINTS = 600
FINE = 2
"""Supersampling factor: Pillow draws lines without antialiasing."""
SIZE = (640, 300)
LEFT, TOP, RIGHT, BOTTOM = 72, 40, 20, 44
END, FLOOR = SIZE[0] - RIGHT, SIZE[1] - BOTTOM
TEXT, HEADING = 12, 15
MOST_FIXED, MOST_DECIMALS = 1e7, 5
"""Larger and finer numbers are written with an exponent."""
FONTS = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "arial.ttf")
"""The font with the most letters of a name is used; Pillow's own has only Western ones."""
WHITE, INK, SOFT, GRID, BLUE, RED = "#ffffff", "#1f2328", "#656d76", "#e4e7eb", "#2f6fde", "#c62828"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Curve:
    """Curve of a picture; `x` is the step, or minutes since the start of the run.

    Attributes:
        limit: the value of a threshold.
        at: x of the event.
    """

    name: str
    axis: str
    x: Floats
    y: Floats
    limit: float | None = None
    at: float | None = None


def picture(event: AlertEvent) -> bytes | None:
    """Return a PNG of the metric of an event, else of the primary metric of its run.

    Returns:
        None without a curve, and where Pillow is not installed.
    """
    try:
        curve = curve_of(event)
        return None if curve is None else draw(curve)
    except (ImportError, JournalReplaced, ValidationError, OSError, ValueError, ArithmeticError) as error:
        logger.info("No picture for event %s: %s", event.pk, error)
        return None


def curve_of(event: AlertEvent) -> Curve | None:
    """Return the curve of an event, None without finite values."""
    run, metric = event.run, event.subject
    name = metric or (run.best_metric_name if run else None)
    if run is None or not name:
        return None
    for axis in ("step", "time"):
        entry = next(
            (series for series in run_series(run, [name], POINTS, axis)["series"] if series["name"] == name),
            None,
        )
        if entry is not None and "labels" not in entry and entry["count"]:
            break
    else:
        return None
    x, y = np.asarray(entry["x"], dtype=float), np.asarray(entry["y"], dtype=float)
    at = None
    if metric:
        step = str(event.details.get("step", "")).replace(",", "")
        at = event.at if axis == "time" else float(step) if step.lstrip("-").isdigit() else None
    if axis == "time":
        start = run.started or run.created
        x, at = (x - start) / 60, None if at is None else (at - start) / 60
    when = event.rule.when if event.rule and metric else {}
    limit = when.get("value") if when.get("kind") == THRESHOLD.name else None
    spread = [*y[np.isfinite(y)].tolist(), *([] if limit is None else [limit])]
    if not np.isfinite(y).any() or not math.isfinite(max(spread) - min(spread)):
        return None
    return Curve(name, "step" if axis == "step" else "minutes", x, y, limit, at)


def draw(curve: Curve) -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIZE[0] * FINE, SIZE[1] * FINE), WHITE)
    pen = ImageDraw.Draw(image)
    finite = np.isfinite(curve.y)
    heights = [*curve.y[finite].tolist(), *([] if curve.limit is None else [curve.limit])]
    widths = [*curve.x.tolist(), *([] if curve.at is None else [curve.at])]
    across, up = (
        Scale(min(widths), max(widths), LEFT, END),
        Scale(min(heights), max(heights), FLOOR, TOP, margin=0.06),
    )
    _draw_axes(pen, curve, across, up)
    if curve.at is not None:
        at = across.place(curve.at)
        pen.line([(at, TOP * FINE), (at, FLOOR * FINE)], RED, FINE)
    if curve.limit is not None:
        level = up.place(curve.limit)
        pen.line([(LEFT * FINE, level), (END * FINE, level)], RED, 2 * FINE)
        end = (END * FINE, level - 3 * FINE)
        pen.text(end, number(curve.limit), RED, _font("", TEXT), anchor="rb")
    for part in np.split(np.arange(len(curve.y)), np.flatnonzero(np.diff(finite)) + 1):
        if finite[part[0]]:
            line = [(across.place(curve.x[i]), up.place(curve.y[i])) for i in part.tolist()]
            pen.line(line, BLUE, 2 * FINE, joint="curve")
            _dot(pen, line[-1] if len(line) == 1 or part[-1] == len(finite) - 1 else None)
    out = io.BytesIO()
    image.reduce(FINE).quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


class Scale:
    """Maps values of an axis to pixels."""

    def __init__(self, low: float, high: float, start: int, stop: int, *, margin: float = 0.0) -> None:
        """`margin` is the part of the span that is added on both sides."""
        more = (high - low) * margin if high > low else abs(low) * 0.1 or 1.0
        self._low, self._span = low - more, high - low + 2 * more
        self._start, self._length = start * FINE, (stop - start) * FINE

    def place(self, value: float) -> float:
        return self._start + (value - self._low) / self._span * self._length

    def ticks(self, count: int) -> list[tuple[float, str]]:
        """Return about `count` round values, and how they are written."""
        rough = self._span / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((power * n for n in (1, 2, 5) if power * n >= rough), power * 10)
        first, last = math.ceil(self._low / step), math.floor((self._low + self._span) / step)
        largest = max(abs(first), abs(last)) * step
        decimals = max(0, -math.floor(math.log10(step)))
        style = f",.{decimals}f" if largest < MOST_FIXED and decimals <= MOST_DECIMALS else ".6g"
        return [(n * step, f"{n * step:{style}}") for n in range(first, last + 1)]


def _draw_axes(pen: ImageDraw, curve: Curve, across: Scale, up: Scale) -> None:
    small, margin, low = _font("", TEXT), LEFT * FINE, FLOOR * FINE
    for value, label in up.ticks(5):
        level = up.place(value)
        pen.line([(margin, level), (END * FINE, level)], GRID, FINE)
        pen.text((margin - 8 * FINE, level), label, SOFT, small, anchor="rm")
    for value, label in across.ticks(6):
        pen.text((across.place(value), low + 6 * FINE), label, SOFT, small, anchor="mt")
    pen.line([(margin, low), (END * FINE, low)], SOFT, FINE)
    pen.text((END * FINE, (SIZE[1] - 6) * FINE), curve.axis, SOFT, small, anchor="rb")
    name = UNSAFE.sub(" ", curve.name).strip()
    heading = _font(name, HEADING)
    while name and pen.textlength(name, heading) > (END - LEFT) * FINE:
        name = f"{name[:-2]}…" if len(name) > 2 else ""
    pen.text((margin, 12 * FINE), name, INK, heading, anchor="lt")


def _dot(pen: ImageDraw, at: tuple[float, float] | None) -> None:
    if at is not None:
        pen.ellipse([at[0] - 4 * FINE, at[1] - 4 * FINE, at[0] + 4 * FINE, at[1] + 4 * FINE], BLUE)


def _font(text: str, size: int) -> Font:
    from PIL import ImageFont

    fonts: list[Font] = [ImageFont.load_default(size * FINE)]
    for name in () if text.isascii() else FONTS:
        try:
            fonts.append(ImageFont.truetype(name, size * FINE))
        except OSError:
            continue
    return max(fonts, key=lambda font: _letters(font, text))


def _letters(font: Font, text: str) -> int:
    # A missing letter is drawn like U+FFFF, which no font has.
    missing = bytes(font.getmask("\uffff"))
    return sum(bytes(font.getmask(letter)) != missing for letter in set(text))
