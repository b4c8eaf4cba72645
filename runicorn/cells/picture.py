"""Curves and tables of runs as HTML and SVG, from their files, with the standard library alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.flatten import flatten
from runicorn.store.journal.records import number, records_after

WIDTH, HEIGHT, EDGE = 320, 96, 4
MOST_CHARTS, MOST_POINTS, MOST_KEYS = 12, 200, 12
COLOURS = ("#2563eb", "#d97706", "#db2777", "#059669", "#7c3aed", "#dc2626", "#0891b2", "#65a30d")
STYLE = (
    "<style>.runicorn{font:13px system-ui,sans-serif;color-scheme:light dark}"
    ".runicorn table{border-collapse:collapse;margin:4px 0}"
    ".runicorn :is(td,th){padding:2px 12px 2px 0;text-align:left;vertical-align:top}"
    ".runicorn .number{text-align:right;font-variant-numeric:tabular-nums}"
    ".runicorn .charts{display:flex;flex-wrap:wrap;gap:8px 16px}.runicorn figure{margin:0}"
    ".runicorn svg{display:block;max-width:100%}.runicorn .soft{opacity:.7}</style>"
)


@dataclass
class RunPicture:
    """A run as its files describe it.

    Attributes:
        curves: points (step, value) by metric, thinned; system metrics are left out.
        last: the last value of each metric.
    """

    run_id: str
    label: str
    project: str
    status: str
    config: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    last: Mapping[str, float] = field(default_factory=dict)


class PictureReader:
    """A run whose journal is read once, however often it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._curves: dict[str, _Thinned] = {}
        self._offset = self._count = 0

    def read(self) -> RunPicture:
        """Return the run as its files describe it now; what cannot be read is left out."""
        folder = self._folder
        meta, status, config = (
            layout.read_json(folder / name)[0] for name in (layout.META, layout.STATUS, layout.CONFIG)
        )
        with suppress(OSError):
            for offset, records in records_after(folder, self._offset):
                self._offset = offset
                for record in records:
                    _add(self._curves, self._count, record)
                    self._count += 1
        return RunPicture(
            folder.name,
            str(meta.get("alias") or meta.get("name") or folder.name),
            str(meta.get("project") or ""),
            str(status.get("status") or "unknown"),
            {key: value for key, value in flatten(config).items() if not key.startswith("_")},
            {name: curve.points for name, curve in self._curves.items()},
            {name: curve.last for name, curve in self._curves.items()},
        )


def read_pictures(folders: Sequence[Path]) -> list[RunPicture]:
    return [PictureReader(folder).read() for folder in folders]


def _add(curves: dict[str, _Thinned], place: int, record: Mapping[str, Any]) -> None:
    step = number(record.get("global_step"))
    for name, value in record.items():
        height = None if name in layout.RESERVED_METRICS or name.startswith("system/") else number(value)
        if height is not None:
            curves.setdefault(name, _Thinned()).add(float(place) if step is None else step, height)


class _Thinned:
    """Points of a curve, of which every second is dropped when there are too many; the last one is always there."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, float]] = []
        self._stride, self._count = 1, 0
        self._newest: tuple[float, float] = (0.0, math.nan)

    def add(self, x: float, y: float) -> None:
        self._newest = (x, y)
        if self._count % self._stride == 0:
            self._kept.append((x, y))
            if len(self._kept) > 2 * MOST_POINTS:
                del self._kept[1::2]
                self._stride *= 2
        self._count += 1

    @property
    def points(self) -> list[tuple[float, float]]:
        return [*self._kept, self._newest] if self._kept[-1:] != [self._newest] else self._kept

    @property
    def last(self) -> float:
        return self._newest[1]


def pictures_html(pictures: Sequence[RunPicture], note: str = "") -> str:
    """Return the runs as HTML: state, curves, last values, and config values, of several runs those that differ."""
    parts = [_head(pictures)]
    names = list(dict.fromkeys(name for picture in pictures for name in picture.curves))
    figures = [curves_svg(pictures, name) for name in names[:MOST_CHARTS]]
    if figures:
        parts.append(f'<div class="charts">{"".join(f"<figure>{svg}</figure>" for svg in figures)}</div>')
    parts.append(_table(pictures, names))
    if len(names) > MOST_CHARTS:
        parts.append(f'<p class="soft">{len(names) - MOST_CHARTS} more metrics.</p>')
    if note:
        parts.append(f'<p class="soft">{escape(note)}</p>')
    return f'<div class="runicorn">{STYLE}{"".join(parts)}</div>'


def _head(pictures: Sequence[RunPicture]) -> str:
    lines = [
        f'<div><span style="color:{_colour(place)}">●</span> <b>{escape(picture.label)}</b>'
        f" {escape(picture.project)} · {escape(picture.status)}"
        f' <code class="soft">{escape(picture.run_id)}</code></div>'
        for place, picture in enumerate(pictures)
    ]
    return "".join(lines)


def _table(pictures: Sequence[RunPicture], names: Sequence[str]) -> str:
    keys = list(dict.fromkeys(key for picture in pictures for key in picture.config))
    if len(pictures) > 1:
        keys = [key for key in keys if len({str(picture.config.get(key)) for picture in pictures}) > 1]
    rows = [_row(name, [_number(picture.last.get(name)) for picture in pictures]) for name in names[:50]]
    rows += [_row(key, [_short(picture.config.get(key)) for picture in pictures]) for key in keys[:MOST_KEYS]]
    if not rows:
        return ""
    labels = "".join(f"<th>{escape(picture.label)}</th>" for picture in pictures)
    head = f"<thead><tr><th></th>{labels}</tr></thead>" if len(pictures) > 1 else ""
    return f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"


def _row(key: str, texts: Sequence[str]) -> str:
    cells = "".join(f'<td class="number">{escape(text)}</td>' for text in texts)
    return f"<tr><th>{escape(key)}</th>{cells}</tr>"


def curves_svg(pictures: Sequence[RunPicture], name: str) -> str:
    """Return the curves of one metric as an SVG image with its range."""
    curves = [
        (place, picture.curves[name]) for place, picture in enumerate(pictures) if name in picture.curves
    ]
    finite = [
        (place, [(x, y) for x, y in points if math.isfinite(y) and math.isfinite(x)])
        for place, points in curves
    ]
    xs = [x for _place, points in finite for x, _y in points]
    ys = [y for _place, points in finite for _x, y in points]
    low, high = (min(ys), max(ys)) if ys else (0.0, 0.0)
    lines = "".join(
        f'<polyline fill="none" stroke="{_colour(place)}" stroke-width="1.5" points="{_places(points, xs, ys)}"/>'
        for place, points in finite
        if points
    )
    words = escape(f"{name}: {_number(low)} to {_number(high)}" if ys else f"{name}: no finite value")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT + 20}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT + 20}" role="img" aria-label="{words}"><title>{words}</title>'
        f'<text x="{EDGE}" y="14" font-size="12" fill="currentColor">{escape(name[:40])}</text>'
        f'<text x="{WIDTH - EDGE}" y="14" font-size="11" text-anchor="end" fill="gray">'
        f"{escape(f'{_number(low)} … {_number(high)}') if ys else ''}</text>{lines}</svg>"
    )


def _places(points: Sequence[tuple[float, float]], xs: Sequence[float], ys: Sequence[float]) -> str:
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)

    def between(value: float, start: float, end: float) -> float:
        # Halved before they are subtracted: the range of the largest floats is infinite.
        return (value / 2 - start / 2) / (end / 2 - start / 2) if end > start else 0.5

    return " ".join(
        f"{EDGE + between(x, left, right) * (WIDTH - 2 * EDGE):.1f},"
        f"{20 + EDGE + (1 - between(y, low, high)) * (HEIGHT - 2 * EDGE):.1f}"
        for x, y in points
    )


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def _short(value: object) -> str:
    text = "" if value is None else _number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
