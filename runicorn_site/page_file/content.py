"""What a page file contains: thinned curves with the range of all points, and the other facts of its runs."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from metrics.query.formulas.full_resolution import Series
from metrics.query.values_at_steps import AxisValues
from metrics.store.lanes import Lane
from runicorn.store import layout
from runicorn.store.metric_rules import rule_of, step_metric_of
from runicorn.store.units import number_of
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.formulas import formulas_of, read_with_formulas
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.page_file.curves import (
    ChartOptions,
    EmbeddedCurve,
    Smoothing,
    bytes_of,
    embedded_curve,
    options_for,
)

MOST_BYTES = 1_900_000
"""Of a whole file; the curves share what the other parts leave."""
MOST_POINTS, FEWEST_POINTS = 2000, 60
LOG_LINES = 300
MEDIA_BYTES = 700_000
"""Of all pictures together, as they are stored."""
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})


class EmbeddedMetric(TypedDict):
    """The curves of one metric. `x` is the metric over which its chart is drawn, or ""."""

    name: str
    time_only: bool
    x: str
    curves: list[EmbeddedCurve]


@dataclass(frozen=True)
class Picture:
    """The newest picture of a key, as a data URL."""

    run: int
    name: str
    url: str


@dataclass(frozen=True)
class PageContent:
    """Content of a page file.

    Attributes:
        origin: Unix seconds from which times are counted.
        left_out: sentences about what is not in the file.
    """

    runs: Sequence[RunEntry]
    origin: float
    metrics: list[EmbeddedMetric]
    logs: list[list[str]]
    pictures: list[Picture]
    left_out: list[str]


def start_of(entry: RunEntry) -> float:
    """Return the start of a run in Unix seconds."""
    return entry.created_at if entry.started_at is None else entry.started_at


def page_content(
    catalog: StoreCatalog,
    entries: Sequence[RunEntry],
    reserved: int,
    only: Collection[str] | None = None,
    charts: Sequence[ChartOptions] = (),
) -> PageContent:
    """Read the files of runs.

    Args:
        reserved: bytes of scripts, style sheets and texts.
        only: metrics of charts, without logs and pictures; None for all of the runs.
        charts: what the charts show of their metrics.

    Raises:
        OSError: a journal cannot be read.
    """
    origin = min(map(start_of, entries), default=0.0)
    requested = None if only is None else _with_axes(only, entries, charts)
    series: list[Series] = []
    for entry in entries if requested is None or requested else ():
        trees = formulas_of(catalog.root, entry.project)
        series.append(read_with_formulas(catalog.root / entry.folder, trees, sorted(requested or ())))
    names = {name for of_run in series for name in of_run if only is None or name in only}
    logs = [catalog.log_lines(entry, LOG_LINES) for entry in entries] if only is None else []
    pictures, left_out = _pictures(catalog.root, entries) if only is None else ([], [])
    size = reserved + sum(len(line) for lines in logs for line in lines)
    size += sum(len(picture.url) for picture in pictures)
    parts = [_part(name, entries, series, charts) for name in sorted(names, key=_order)]
    parts, dropped = _that_fit(parts, max(0, MOST_BYTES - size))
    if dropped:
        left_out.append(
            f"{number_of(dropped, 'chart')} of {len(parts) + dropped} left out: too large for this file."
        )
    of_points = sum(len(part.runs) * part.bytes_of_point for part in parts)
    points = max(FEWEST_POINTS, min(MOST_POINTS, max(0, MOST_BYTES - size) // max(1, of_points)))
    metrics = [part.embedded(series, points, origin) for part in parts]
    if any(_is_thinned(curve) for metric in metrics for curve in metric["curves"]):
        left_out.append(f"Curves have at most {points:,} points; the shade is the range of all of them.")
    return PageContent(entries, origin, metrics, logs, pictures, left_out)


def _with_axes(
    only: Collection[str], entries: Sequence[RunEntry], charts: Sequence[ChartOptions]
) -> set[str]:
    """Return metrics with those that may be their x axes."""
    rules = [entry.metric_rules for entry in entries if entry.metric_rules]
    axes = {rule_of(of_run, name).get("step_metric", "") for of_run in rules for name in only}
    axes |= {axis for name in only for axis in options_for(name, charts)[0]}
    return {*only, *axes} - {""}


@dataclass(frozen=True, slots=True)
class _Part:
    """A metric: the runs that have it, by their numbers, and what its charts show."""

    name: str
    runs: Sequence[int]
    step_metric: str
    axes: Sequence[str]
    smoothings: Sequence[Smoothing]

    @property
    def bytes_of_point(self) -> int:
        return bytes_of(len(self.axes), len(self.smoothings))

    def embedded(self, series: Sequence[Series], points: int, origin: float) -> EmbeddedMetric:
        curves = []
        for number in self.runs:
            of_run = series[number]
            along = {
                name: AxisValues.of(of_run[name][1].by_step().unshadowed())
                for name in self.axes
                if name in of_run and of_run[name][0] is Lane.METRIC
            }
            lane, logged = of_run[self.name]
            curves.append(embedded_curve(number, lane, logged, points, origin, along, self.smoothings))
        time_only = all("steps" not in curve for curve in curves)
        return {"name": self.name, "time_only": time_only, "x": self.step_metric, "curves": curves}


def _part(
    name: str, entries: Sequence[RunEntry], series: Sequence[Series], charts: Sequence[ChartOptions]
) -> _Part:
    runs = [number for number, of_run in enumerate(series) if name in of_run]
    # As on the live page: what was logged without steps is no x axis.
    names = {other for of_run in series for other in of_run if of_run[other][0] is Lane.METRIC}
    rules = [entry.metric_rules for entry in entries if entry.metric_rules]
    has_steps = any(series[number][name][0] is Lane.METRIC for number in runs)
    x = step_metric_of(rules, name, names) if has_steps else ""
    axes, smoothings = options_for(name, [*charts, ChartOptions(None, x)])
    return _Part(name, runs, x, axes, smoothings)


def _order(name: str) -> tuple[bool, str]:
    return name.startswith("system/"), name


def _that_fit(parts: Sequence[_Part], budget: int) -> tuple[list[_Part], int]:
    """Return the first metrics whose curves fit with the fewest points, and how many are left out."""
    selection: list[_Part] = []
    for part in parts:
        budget -= FEWEST_POINTS * part.bytes_of_point * len(part.runs)
        if budget < 0 and selection:
            break
        selection.append(part)
    return selection, len(parts) - len(selection)


def _is_thinned(curve: EmbeddedCurve) -> bool:
    columns = curve.get("steps") or curve["times"]
    return columns["count"] > len(columns["x"])


def _pictures(root: Path, entries: Sequence[RunEntry]) -> tuple[list[Picture], list[str]]:
    """Return the newest picture of each key within their budget, and what is left out."""
    pictures: list[Picture] = []
    budget, omitted = MEDIA_BYTES, 0
    for number, entry in enumerate(entries):
        newest: dict[str, Path] = {}
        folder = root / entry.folder / layout.MEDIA
        files = [
            path for path in folder.glob("*") if path.suffix.lower() in PICTURES and not path.is_symlink()
        ]
        for path in sorted(files, key=lambda path: path.stat().st_mtime):
            newest[path.stem.rpartition("_")[0] or path.stem] = path
        for name, path in sorted(newest.items()):
            size = path.stat().st_size
            if size > budget:
                omitted += 1
                continue
            budget -= size
            kind = mimetypes.guess_type(path.name)[0] or "image/png"
            content = base64.b64encode(path.read_bytes()).decode()
            pictures.append(Picture(number, name, f"data:{kind};base64,{content}"))
    return pictures, [f"{omitted} pictures are too large for this file."] if omitted else []
