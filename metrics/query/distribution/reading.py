"""Points of one metric of many runs, read together.

Series without tiles are decoded from their tails, and small journals of which only statistics are stored are parsed; both
are kept in the cache of tiles. Long series are read from the means of their tiles.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F

from metrics.ingest import parse, summaries
from metrics.ingest.catch_up import catch_up_several
from metrics.models import Journal, Series, Tail
from metrics.query import charts
from metrics.query.formulas.curves import MOST_POINTS, formula_curves
from metrics.query.formulas.definitions import COMPUTED, digest, formulas_of
from metrics.query.plan import WHOLE, Window
from metrics.query.series_view import View, directories
from metrics.query.smoothing.curves import smoothed
from metrics.query.smoothing.smoother import Smoother
from metrics.store import codec
from metrics.store.cache import cache
from metrics.store.columns import FLOAT, Floats, Ints, Values
from metrics.store.lanes import Lane
from metrics.store.means import counts
from metrics.store.points import Points, gather
from runicorn.store import layout
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import Node
from runs.models import Run, RunMetric, RunQuerySet, StorageRoot
from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BY_STEP, BY_TIME = (Lane.METRIC,), (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM)
AT_ONCE = 500
"""Runs per query, and long series that are read together."""
MOST_FOLLOWED = 100
"""Running runs whose new lines a request ingests; the background follows the others."""
FOLLOW_SECONDS = 0.5
MOST_NEW, NEW_SECONDS = 1000, 2.0
"""Unread runs: ingested per request, and the time for those that are not small."""
LONG_POINTS = 4000
"""Points that are read of a long series, or of a formula."""
_SMALL = 2**31


Windows = Mapping[int, Window]
"""Parts of series that are needed, by the keys of their runs; without one the whole series."""
NO_WINDOWS: Windows = MappingProxyType({})


class Curve(NamedTuple):
    """Points in ascending order of x: steps, or Unix seconds; with `n` each stands for so many."""

    x: Ints | Floats
    y: Floats | NDArray[np.float32]
    n: Floats | None = None
    is_smooth: bool = False


class RunFields(NamedTuple):
    """What is read of each of many runs; `created` or else `started` is where relative time begins, in Unix seconds."""

    pk: int
    run_id: str
    project: str
    name: str
    display_name: str | None
    folder: str
    status: str
    created: float
    started: float | None
    summarized_bytes: int | None
    updated: float

    @property
    def label(self) -> str:
        """Return the name that a user gave the run, or that of its script."""
        return self.display_name or self.name

    @property
    def origin(self) -> float:
        """Return where relative time begins."""
        return self.created if self.started is None else self.started


class _Stored(NamedTuple):
    """A stored series: keys of its run and of its row, number in caches, points and tiles."""

    run: int
    pk: int
    uid: int
    points: int
    nodes: int


def fields_of(runs: RunQuerySet) -> list[RunFields]:
    """Return the fields of runs in the order of their keys."""
    return [RunFields(*row) for row in runs.order_by("pk").values_list(*RunFields._fields)]


def follow(root: StorageRoot, runs: RunQuerySet) -> int:
    """Ingest journals that have grown or are new, for a short time; return the number of runs that are still new."""
    running = runs.filter(status=layout.RUNNING).newest().values_list("pk", flat=True)[:MOST_FOLLOWED]
    if keys := list(running):
        catch_up_several(_loaded(root, keys), FOLLOW_SECONDS)
    new = runs.filter(journal=None, summarized_bytes=None, journal_bytes__gt=0).order_by("pk")
    if not (keys := list(new.values_list("pk", flat=True)[:MOST_NEW])):
        return 0
    ended = Run.objects.filter(pk__in=keys).exclude(status=layout.RUNNING)
    summarized = summaries.summarize(root, list(ended.values_list("pk", flat=True)))
    catch_up_several(_loaded(root, sorted(set(keys) - summarized)), NEW_SECONDS)
    return new.count()


def _loaded(root: StorageRoot, keys: Sequence[int]) -> list[Run]:
    runs = list(Run.objects.filter(pk__in=keys).order_by("pk").defer("config", "summary"))
    for run in runs:
        run.root = root
    return runs


@dataclass(slots=True)
class CurveReader:
    """Reads the curves of one metric, or of a formula.

    Attributes:
        versions: by the key of the run: changes with its points. Runs without the metric are left out.
    """

    root: StorageRoot
    name: str
    by_step: bool
    runs: dict[int, RunFields]
    versions: dict[int, int] = field(default_factory=dict)
    _series: dict[int, list[_Stored]] = field(default_factory=dict)
    _computed: set[int] = field(default_factory=set)
    """Runs that did not log a metric of this name: their project defines it as a formula."""

    @classmethod
    def of(cls, root: StorageRoot, name: str, runs: Iterable[RunFields], *, by_step: bool) -> CurveReader:
        """Return a reader; reads which runs have the metric, but no points."""
        reader = cls(root, name, by_step, {run.pk: run for run in runs})
        trees = {
            project: formulas_of(root.path, project)
            for project in {run.project for run in reader.runs.values()}
        }
        reader._find_stored()
        reader._find_summarized()
        for project in trees:
            if name in trees[project]:
                reader._find_formula(trees[project][name], project)
        return reader

    def read(
        self,
        keys: Sequence[int],
        deadline: float,
        windows: Windows = NO_WINDOWS,
        smoother: Smoother | None = None,
    ) -> Iterator[tuple[int, Curve]]:
        """Yield the curves of runs by their keys until `deadline`, a reading of `time.monotonic`; at least some of them.

        Args:
            windows: of long series; the curves of others are complete.
            smoother: for the curves of long series, with the points beside their windows; others are not smoothed.

        Raises:
            metrics.query.series_view.JournalReplaced: a journal was replaced meanwhile.
        """
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            yield from self._formulas([key for key in some if key in self._computed])
            yield from self._stored([key for key in some if key in self._series], windows, smoother)
            for key in some:
                if key not in self._series and key not in self._computed:
                    yield key, self._parsed(self.runs[key])
                    if time.monotonic() > deadline:
                        return
            if time.monotonic() > deadline:
                return

    def _find_stored(self) -> None:
        keys = sorted(self.runs)
        lanes = BY_STEP if self.by_step else BY_TIME
        for start in range(0, len(keys), AT_ONCE):
            rows = Series.objects.filter(
                run__in=keys[start : start + AT_ONCE],
                generation=F("run__journal__generation"),
                name=self.name,
                lane__in=lanes,
                minimum__isnull=False,
            )
            for row in rows.values_list("run_id", "pk", "uid", "count", "nodes"):
                entry = _Stored(*row)
                self._series.setdefault(entry.run, []).append(entry)
        for key, stored_rows in self._series.items():
            self.versions[key] = hash(tuple((row.uid, row.points) for row in stored_rows))

    def _find_summarized(self) -> None:
        open_keys = {
            key
            for key, run in self.runs.items()
            if run.summarized_bytes is not None and key not in self.versions
        }
        if not open_keys:
            return
        rows = RunMetric.objects.exclude(COMPUTED).filter(
            root=self.root, key=self.name, minimum__isnull=False
        )
        if len(open_keys) <= AT_ONCE:
            rows = rows.filter(run__in=open_keys)
        for key in open_keys.intersection(rows.order_by().values_list("run_id", flat=True)):
            run = self.runs[key]
            self.versions[key] = hash((run.run_id, run.updated, run.summarized_bytes, self.name))

    def _find_formula(self, tree: Node, project: str) -> None:
        own = [run for run in self.runs.values() if run.project == project and run.pk not in self.versions]
        inputs = formulas.metrics(tree)
        if self.name in inputs or not own:
            return
        readers = [CurveReader.of(self.root, metric, own, by_step=self.by_step) for metric in inputs]
        for run in own:
            versions = [reader.versions.get(run.pk) for reader in readers]
            if None not in versions:
                self.versions[run.pk] = hash((digest(tree), *versions))
                self._computed.add(run.pk)

    def _stored(
        self, keys: Sequence[int], windows: Windows, smoother: Smoother | None
    ) -> Iterator[tuple[int, Curve]]:
        missing, long = [], []
        for key in keys:
            rows = self._series[key]
            if any(row.nodes for row in rows):
                long.append(key)
            elif (curve := cache.get(("curve", self.by_step, self.versions[key]))) is not None:
                yield key, curve
            else:
                missing.append(key)
        pks = [row.pk for key in missing for row in self._series[key]]
        blocks: dict[int, list[bytes | memoryview]] = {pk: [] for pk in pks}
        tails = Tail.objects.filter(series_id__in=pks).order_by("series_id", "first_row")
        for pk, block in tails.values_list("series_id", "data"):
            blocks[pk].append(block)
        for key in missing:
            points = gather([codec.decode(block) for row in self._series[key] for block in blocks[row.pk]])
            yield key, self._cache_curve(key, points)
        if smoother is None:
            yield from self._long(long, windows)
        else:
            yield from self._long_smoothed(long, windows, smoother)

    def _long(self, keys: Sequence[int], windows: Windows) -> Iterator[tuple[int, Curve]]:
        pks = [row.pk for key in keys for row in self._series[key]]
        series = list(Series.objects.filter(pk__in=pks))
        if not series:
            return
        view = View(Journal(), series, directories(series))
        curve_by_series = charts.downsampled(
            view,
            series,
            lambda row: windows.get(row.run_id, WHOLE),
            by_step=self.by_step,
            points=LONG_POINTS,
            averaged=True,
        )
        for key in keys:
            parts = [curve_by_series[row.pk] for row in self._series[key] if row.pk in curve_by_series]
            if all(part.means is not None for part in parts):
                points = gather([part.means for part in parts if part.means is not None])
                points = points.by_step() if self.by_step else points.by_time()
                x = points.step.astype(np.float64) if self.by_step else points.time
                yield key, Curve(x, points.value.numbers(), counts(points))
            else:
                yield key, self._curve(gather([part.points for part in parts]))

    def _long_smoothed(
        self, keys: Sequence[int], windows: Windows, smoother: Smoother
    ) -> Iterator[tuple[int, Curve]]:
        lanes: dict[int, list[Series]] = {}
        for row in Series.objects.filter(pk__in=[row.pk for key in keys for row in self._series[key]]):
            lanes.setdefault(row.run_id, []).append(row)
        series = list(chain.from_iterable(lanes.values()))
        curves = smoothed(
            View(Journal(), series, directories(series)),
            list(lanes.values()),
            lambda row: windows.get(row.run_id, WHOLE),
            smoother,
            by_step=self.by_step,
            points=LONG_POINTS,
            thinned=False,
        )
        for key, curve in zip(lanes, curves, strict=True):
            x, y = ([], []) if curve is None else (curve["x"], curve["y"])
            yield key, Curve(np.asarray(x, np.float64), np.asarray(y, np.float64), is_smooth=True)

    def _parsed(self, run: RunFields) -> Curve:
        """Return the points of a small journal."""
        curve: Curve | None = cache.get(("curve", self.by_step, self.versions.get(run.pk)))
        if curve is not None:
            return curve
        return self._cache_curve(
            run.pk, _points_of_journal(f"{self.root.path}/{run.folder}", self.name, self.by_step)
        )

    def _formulas(self, keys: Sequence[int]) -> Iterator[tuple[int, Curve]]:
        """Yield a curve for each run, without points if the formula has none: a number, or too many points."""
        runs = _loaded(self.root, keys)
        summarized = [run for run in runs if run.summarized_bytes is not None]
        waiting: set[int] = set()
        if catch_up_several(summarized):
            rest = Run.objects.filter(pk__in=[run.pk for run in summarized], summarized_bytes__isnull=False)
            waiting = set(rest.values_list("pk", flat=True))
        curves = formula_curves(
            runs, [self.name], WHOLE, by_step=self.by_step, points=LONG_POINTS, most=MOST_POINTS
        )
        curve_by_run = {curve.run.pk: self._thinned(curve.points, curve.count) for curve in curves}
        for key in keys:
            if key not in waiting:
                yield key, curve_by_run.get(key, Curve(np.empty(0), np.empty(0)))

    def _cache_curve(self, key: int, points: Points) -> Curve:
        curve = _compact(self._curve(points))
        cache.put(("curve", self.by_step, self.versions.get(key)), curve, curve.x.nbytes + curve.y.nbytes)
        return curve

    def _thinned(self, points: Points, count: int) -> Curve:
        """Return points that stand for `count` points."""
        curve = self._curve(points)
        is_thinned = 0 < len(curve.x) < count
        return curve._replace(n=np.full(len(curve.x), count / len(curve.x))) if is_thinned else curve

    def _curve(self, points: Points) -> Curve:
        if self.by_step:
            points = points.by_step().unshadowed()
            return Curve(points.step.astype(np.float64), points.value.numbers())
        points = points.by_time()
        return Curve(points.time, points.value.numbers())


def _compact(curve: Curve) -> Curve:
    """Return a curve with steps and values in half of the bytes: it is not drawn as such."""
    is_small = len(curve.x) == 0 or float(np.abs(curve.x).max()) < _SMALL
    is_whole = is_small and bool((curve.x == np.floor(curve.x)).all())
    with np.errstate(over="ignore"):
        single = curve.y.astype(np.float32)
    is_in_range = bool((np.isfinite(single) == np.isfinite(curve.y)).all())
    x: Any = curve.x.astype(np.int32) if is_whole else curve.x
    return Curve(x, single if is_in_range else curve.y)


def _points_of_journal(folder: str, name: str, by_step: bool) -> Points:
    try:
        with open(os.path.join(folder, layout.EVENTS), "rb") as journal:
            content = journal.read(summaries.SMALL_BYTES)
    except OSError:
        content = b""
    plain = _plain_points(content, name)
    if plain is not None:
        return plain
    series = parse.parse(content).series
    lanes = BY_STEP if by_step else BY_TIME
    return gather([series[lane, name] for lane in lanes if (lane, name) in series])


def _plain_points(content: bytes, name: str) -> Points | None:
    """Return the points of a journal in which every record of the metric has a number, a step and a time, else None.

    In a tenth of the time of parsing it into columns of all metrics.
    """
    lines = content.split(b"\n")
    lines.pop()
    steps: list[int] = []
    times: list[float] = []
    values: list[float] = []
    for event in parse.load(lines):
        if type(event) is not dict or type(data := event.get("data")) is not dict:
            return None
        if name not in data:
            continue
        step, at, value = data.get("global_step"), data.get("time"), data[name]
        if event.get("type") != "metrics" or type(step) is not int or type(at) is not float:
            return None
        if type(value) is not float and type(value) is not int:
            return None
        steps.append(step)
        times.append(at)
        values.append(value)
    try:
        columns = np.array(steps, dtype=np.int64), np.array(times), np.array(values, dtype=np.float64)
    except OverflowError:
        return None
    numbers = Values(FLOAT, columns[2].view(np.int64))
    return Points(np.arange(len(steps)), columns[0], columns[1], numbers, Values.nothing(len(steps)))
