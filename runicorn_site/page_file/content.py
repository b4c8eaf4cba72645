"""What a page file contains: thinned curves with the range of all points, and the other facts of its runs."""

from __future__ import annotations

import base64
import math
import mimetypes
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from metrics.query import downsample
from metrics.store.lanes import Lane
from metrics.store.points import Points
from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.formulas import formulas_of, read_with_formulas
from runicorn_site.catalog.store import StoreCatalog
from runs.store.lazy_numpy import np

MOST_BYTES = 1_900_000
"""Of a whole file; the curves share what the other parts leave."""
BYTES_OF_POINT = 34
MOST_POINTS, FEWEST_POINTS = 2000, 60
LOG_LINES = 300
MEDIA_BYTES = 700_000
"""Of all pictures together, as they are stored."""
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
DIGITS = 7


class Band(TypedDict):
    """Range of all points of a thinned curve."""

    x: list[float]
    t: list[float]
    low: list[float]
    high: list[float]


class EmbeddedCurve(TypedDict, total=False):
    """One curve: steps `x` (null where there are none), seconds `t` since the first run, values `y`."""

    run: int
    kind: str
    count: int
    x: list[float] | None
    t: list[float]
    y: list[float | None]
    special: list[tuple[int, str]]
    labels: list[str]
    band: Band


class EmbeddedMetric(TypedDict):
    """The curves of one chart."""

    name: str
    time_only: bool
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


def page_content(
    catalog: StoreCatalog,
    entries: Sequence[RunEntry],
    reserved: int,
    only: Container[str] | None = None,
) -> PageContent:
    """Read the files of runs.

    Args:
        reserved: bytes of scripts, style sheets and texts.
        only: metrics of charts, without logs and pictures; None for all of the runs.

    Raises:
        OSError: a journal cannot be read.
    """
    origin = min((entry.started_at or entry.created_at for entry in entries), default=0.0)
    series = [
        read_with_formulas(catalog.root / entry.folder, formulas_of(catalog.root, entry.project), [])
        for entry in entries
    ]
    if only is not None:
        series = [{name: of_run[name] for name in of_run if name in only} for of_run in series]
    logs = [catalog.log_lines(entry, LOG_LINES) for entry in entries] if only is None else []
    pictures, left_out = _pictures(catalog.root, entries) if only is None else ([], [])
    used = reserved + sum(len(line) for lines in logs for line in lines)
    used += sum(len(picture.url) for picture in pictures)
    names = sorted({name for of_run in series for name in of_run}, key=lambda n: (n.startswith("system/"), n))
    names, dropped = _that_fit(names, series, max(0, MOST_BYTES - used))
    if dropped:
        left_out.append(
            f"{number_of(dropped, 'chart')} of {len(names) + dropped} left out: too large for this file."
        )
    curves = sum(name in of_run for of_run in series for name in names)
    budget = max(0, MOST_BYTES - used) // max(1, curves * BYTES_OF_POINT)
    points = max(FEWEST_POINTS, min(MOST_POINTS, budget))
    metrics = [_metric(name, series, points, origin) for name in names]
    if any(curve["count"] > points for metric in metrics for curve in metric["curves"]):
        left_out.append(f"Curves have at most {points:,} points; the shade is the range of all of them.")
    return PageContent(entries, origin, metrics, logs, pictures, left_out)


def _that_fit(
    names: Sequence[str], series: Sequence[Mapping[str, object]], budget: int
) -> tuple[list[str], int]:
    """Return the first metrics whose curves fit with the fewest points, and how many are left out."""
    shown: list[str] = []
    for name in names:
        budget -= FEWEST_POINTS * BYTES_OF_POINT * sum(name in of_run for of_run in series)
        if budget < 0 and shown:
            break
        shown.append(name)
    return shown, len(names) - len(shown)


def _metric(
    name: str, series: Sequence[Mapping[str, tuple[Lane, Points]]], points: int, origin: float
) -> EmbeddedMetric:
    curves = [
        _curve(number, *of_run[name], points, origin)
        for number, of_run in enumerate(series)
        if name in of_run
    ]
    return {"name": name, "time_only": all(curve["x"] is None for curve in curves), "curves": curves}


def _curve(run: int, lane: Lane, points: Points, most: int, origin: float) -> EmbeddedCurve:
    has_steps = lane is Lane.METRIC
    points = points.by_step().unshadowed() if has_steps else points.by_time()
    x = points.step.astype(np.float64) if has_steps else points.time
    heights = points.value.heights()
    at = downsample.curve(x, heights, most)
    values = heights[at].tolist()
    curve: EmbeddedCurve = {
        "run": run,
        "kind": "float",
        "count": len(heights),
        "x": x[at].tolist() if has_steps else None,
        "t": _times(points.time[at], origin),
        "y": [_rounded(value) if math.isfinite(value) else None for value in values],
        "special": [(index, str(value)) for index, value in enumerate(values) if not math.isfinite(value)],
    }
    if points.value.labels and len(points.value.labels) <= most:
        curve["labels"] = list(points.value.labels)
    if len(at) < len(heights):
        edges = downsample.interval_starts(x, most // 4)
        edges = np.unique(np.append(edges, len(heights) - 1))
        low, high = downsample.envelope(heights, edges)
        finite = np.isfinite(low) & np.isfinite(high)
        curve["band"] = {
            "x": x[edges][finite].tolist(),
            "t": _times(points.time[edges][finite], origin),
            "low": list(map(_rounded, low[finite].tolist())),
            "high": list(map(_rounded, high[finite].tolist())),
        }
    return curve


def _times(times: Any, origin: float) -> list[float]:
    rounded: list[float] = np.round(times - origin, 2).tolist()
    return rounded


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _pictures(root: Path, entries: Sequence[RunEntry]) -> tuple[list[Picture], list[str]]:
    """Return the newest picture of each key within their budget, and what is left out."""
    pictures: list[Picture] = []
    budget, left = MEDIA_BYTES, 0
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
                left += 1
                continue
            budget -= size
            kind = mimetypes.guess_type(path.name)[0] or "image/png"
            content = base64.b64encode(path.read_bytes()).decode()
            pictures.append(Picture(number, name, f"data:{kind};base64,{content}"))
    return pictures, [f"{left} pictures are too large for this file."] if left else []
