"""Metrics of a run: series for charts, rows for tables.

All reads are of committed rows at one moment; `catch_up` ingests the journal first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from metrics.models import Series
from metrics.query import charts, metric_axis
from metrics.query.charts import Resolution
from metrics.query.formulas.curves import formula_curves
from metrics.query.formulas.curves import smoothed as smoothed_formula
from metrics.query.limits import check_size
from metrics.query.plan import EVERYTHING, WHOLE, Range, Window
from metrics.query.row_sampling import Choice, RowSampler
from metrics.query.rows import STAGE, Block, RowReader
from metrics.query.series_view import JournalReplaced, View, view
from metrics.query.smoothing.curves import smoothed
from metrics.query.smoothing.smoother import Smoother
from metrics.store.lanes import Lane
from runicorn.api.responses.metrics import Scalar, UntimedSeriesAnswer
from runicorn.api.responses.metrics import Series as SeriesColumns
from runs.models import Run
from runs.store.lazy_numpy import np

NUMBERS_PER_POINT = 3
"""x, y, and the band, which has an edge for every third point."""
POINTS_AT_ONCE = 250_000
"""Points that are decoded at the same time: some 15 MB."""
READ_PER_POINT = 4
"""Points that are read at most for each point of a downsampled series."""
DICT_CELLS = 32_768
"""Cells of rows that are dictionaries at the same time: some 2 MB."""
Row = dict[str, Scalar | None]
"""Values by column."""
BY_STEP = (Lane.METRIC,)
BY_TIME = (Lane.METRIC, Lane.STEPLESS, Lane.SYSTEM)


def run_series(
    run: Run,
    names: Sequence[str] | None = None,
    points: int = 2000,
    x: str = "step",
    step_range: Range | None = None,
    after_row: int | None = None,
    generation: int | None = None,
    time_range: Range | None = None,
    smoother: Smoother | None = None,
    smoothed_only: bool = False,
    x_metric: str | None = None,
    pixels: int | None = None,
) -> UntimedSeriesAnswer:
    """Return the series of a run in columns; lists of numbers are NumPy arrays.

    Args:
        names: only these metrics; all by default.
        points: maximum number of points of each series, at least 4.
        x: "step", or "time" in Unix seconds, which includes system metrics.
        step_range: lowest and highest step, inclusive; None for an open side.
        after_row: only points of later journal lines; series without any are omitted.
        generation: generation of the journal that `after_row` belongs to. If it changed, everything is returned.
        time_range: lowest and highest time in Unix seconds, for x="time".
        smoother: adds the smoothed curve of the whole range, with `after_row` too.
        smoothed_only: leave out the points.
        x_metric: adds the value of this metric at each step, for x="step".
        pixels: width of a chart, in place of `points`: a line through the answer is within a pixel of that of all points.

    Raises:
        rest_framework.exceptions.ValidationError: the response would be too large.
        metrics.query.series_view.JournalReplaced: the journal was replaced during the read; retry.
    """
    resolution = Resolution.of(points, pixels)
    by_step = x == "step"
    run_view = view(run, BY_STEP if by_step else BY_TIME, names)
    if run_view is None:
        nothing: UntimedSeriesAnswer = {"series": [], "last_row": -1, "generation": 0, "journal_end": 0}
        return {**nothing, "reset": True} if generation else nothing
    journal = run_view.journal
    reset = generation is not None and generation != journal.generation
    after = None if reset else after_row
    requested = [row for row in run_view.series if _has_rows_after(row, after)]
    check_size(requested, resolution.points, per_point=NUMBERS_PER_POINT + (2 if smoother else 0))
    window = Window(step_range or EVERYTHING, EVERYTHING if by_step else time_range or EVERYTHING, after)
    columns = _columns(run_view, requested, window, by_step, resolution, smoother, smoothed_only)
    answer: UntimedSeriesAnswer = {
        "series": columns + _formulas(run, names, window, by_step, resolution, smoother),
        "last_row": journal.rows - 1,
        "generation": journal.generation,
        "journal_end": journal.offset,
    }
    if reset:
        answer["reset"] = True
    if x_metric is not None:
        _add_along(run, x_metric, answer)
    return answer


def _has_rows_after(series: Series, after: int | None) -> bool:
    return after is None or (-1 if series.last_row is None else series.last_row) > after


def _formulas(
    run: Run,
    names: Sequence[str] | None,
    window: Window,
    by_step: bool,
    resolution: Resolution,
    smoother: Smoother | None,
) -> list[SeriesColumns]:
    """Return the curves of the formulas of the run's project; with `after_row` those with new points."""
    entries = []
    for curve in formula_curves([run], names, window, by_step=by_step, points=resolution.to_read):
        if window.after_row is not None and not len(curve.points):
            continue
        entry = charts.series_columns(
            [curve.series], curve.points, curve.count, by_step=by_step, resolution=resolution
        )
        if smoother is not None:
            everything = replace(window, after_row=None)
            whole = formula_curves(
                [run], [curve.series.name], everything, by_step=by_step, points=resolution.points, exact=True
            )
            smooth = [
                smoothed_formula(part, smoother, resolution.of_smoothed, by_step=by_step) for part in whole
            ]
            if smooth and smooth[0] is not None:
                entry["smoothed"] = smooth[0]
        entries.append(entry)
    return entries


def _add_along(run: Run, name: str, answer: UntimedSeriesAnswer) -> None:
    run_view = view(run, BY_STEP, [name])
    if run_view is None or run_view.journal.generation != answer["generation"]:
        raise JournalReplaced
    values_by_run = metric_axis.read(
        run_view, [series_row for series_row in run_view.series if series_row.name == name]
    )
    metric_axis.add(((run.pk, entry) for entry in answer["series"]), values_by_run)


def _columns(
    run_view: View,
    requested: list[Series],
    window: Window,
    by_step: bool,
    resolution: Resolution,
    smoother: Smoother | None,
    smoothed_only: bool,
) -> list[SeriesColumns]:
    together: dict[tuple[str, bool], list[Series]] = {}
    for series_row in requested:
        together.setdefault((series_row.name, series_row.lane == Lane.SYSTEM), []).append(series_row)
    metrics = list(together.values())
    if smoothed_only:
        entries = [charts.statistics_only(lanes) for lanes in metrics]
    else:
        entries = []
        for part in _parts(metrics, resolution.points):
            entries += _curves(run_view, part, window, by_step, resolution)
    if smoother is not None:
        everything = replace(window, after_row=None)
        smooth = smoothed(
            run_view, metrics, lambda _: everything, smoother, by_step=by_step, points=resolution.of_smoothed
        )
        for entry, curve in zip(entries, smooth, strict=True):
            if curve is not None:
                entry["smoothed"] = curve
    return entries


def _parts(metrics: list[list[Series]], points: int) -> Iterator[list[list[Series]]]:
    """Split metrics so that each part takes at most `POINTS_AT_ONCE` points, or is one metric."""
    part: list[list[Series]] = []
    size = 0
    for lanes in metrics:
        more = sum(min(series_row.count, READ_PER_POINT * points) for series_row in lanes)
        if part and size + more > POINTS_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(lanes)
        size += more
    if part:
        yield part


def _curves(
    run_view: View, metrics: list[list[Series]], window: Window, by_step: bool, resolution: Resolution
) -> Iterator[SeriesColumns]:
    series = [series_row for lanes in metrics for series_row in lanes]
    curve_by_series = charts.downsampled(
        run_view, series, window, by_step=by_step, points=resolution.to_read, averaged=True
    )
    for lanes in metrics:
        of_lanes = [curve_by_series.pop(series_row.pk) for series_row in lanes]
        ordered, count = (
            charts.in_order(of_lanes, by_step=by_step),
            sum(series_row.count for series_row in of_lanes),
        )
        means = charts.averages(of_lanes)
        yield charts.series_columns(
            lanes, ordered, count, by_step=by_step, resolution=resolution, means=means
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a run, one dict each with a value or None for every column, built on iteration."""

    columns: list[str] = field(default_factory=list)
    total: int = 0
    sampled: int = 0
    last_step: int | None = None
    complete: bool = True
    """False if the metrics have more extremes than requested rows."""
    reader: RowReader | None = None
    selection: Choice | None = None
    first_time: float = 0.0
    by_step: bool = True

    def blocks(self) -> Iterator[list[Row]]:
        """Yield the rows in blocks.

        Raises:
            metrics.query.series_view.JournalReplaced: the journal was replaced during the read.
        """
        if self.reader is None:
            return
        names = list(self.reader.series)
        for block in self.reader.blocks(names, None if self.selection is None else self.selection.at):
            yield from _dicts(block, self.columns, self.first_time, self.by_step)


def rows_by_step(
    run: Run,
    downsample: int | None = None,
    names: Sequence[str] | None = None,
    step_range: Range | None = None,
) -> Rows:
    """Return one row per step, ascending; later values of a step replace earlier ones.

    Args:
        downsample: maximum number of rows; the extremes of every metric are kept.
        names: only these metrics; rows without any of them are included.
        step_range: lowest and highest step, inclusive; None for an open side.

    Raises:
        metrics.query.series_view.JournalReplaced: the journal was replaced during the read; retry.
    """
    run_view = view(run, (Lane.ROWS, Lane.METRIC), names)
    return _rows(run_view, downsample, by_step=True, window=Window(step_range or EVERYTHING))


def rows_by_time(run: Run, downsample: int | None = None) -> Rows:
    """Return one row per `log()` call by time, in seconds since the first. Otherwise as `rows_by_step`."""
    lanes = (Lane.ROWS, Lane.STEPLESS_ROWS, Lane.METRIC, Lane.STEPLESS)
    return _rows(view(run, lanes), downsample, by_step=False)


def _rows(run_view: View | None, downsample: int | None, *, by_step: bool, window: Window = WHOLE) -> Rows:
    if run_view is None:
        return Rows()
    reader = RowReader(run_view, by_step=by_step, window=window)
    if not reader.total:
        return Rows()
    selection = None
    if downsample is not None and downsample < reader.total:
        selection = _choose(reader, downsample)
    first, other = ("global_step", "time") if by_step else ("time", "global_step")
    columns = [first, *sorted([*reader.series, other]), *([STAGE] if reader.staged else [])]
    return Rows(
        columns=columns,
        total=reader.total,
        sampled=reader.total if selection is None else len(selection.at),
        last_step=max(
            (s.top_step for s in reader.rows if s.top_step is not None and s.lane == Lane.ROWS), default=None
        ),
        complete=selection is None or selection.complete,
        reader=reader,
        selection=selection,
        first_time=min((s.first_time for s in reader.rows if s.first_time is not None), default=0.0),
        by_step=by_step,
    )


def _choose(reader: RowReader, limit: int) -> Choice:
    numeric = [
        name
        for name, lanes in reader.series.items()
        if any(series_row.minimum is not None for series_row in lanes)
    ]
    sampler = RowSampler(numeric, reader.total, limit)
    start = 0
    for block in reader.blocks(numeric):
        for name in numeric:
            at, values = block.cells[name]
            sampler.see(name, at + start, values.numbers())
        start += len(block)
    return sampler.choose()


def _dicts(block: Block, columns: Sequence[str], first_time: float, by_step: bool) -> Iterator[list[Row]]:
    times = block.time if by_step else block.time - first_time
    steps: list[Any] = block.step.tolist()
    if not block.stepped.all():
        steps = [step if there else None for step, there in zip(steps, block.stepped.tolist(), strict=True)]
    filled = {"time": times.tolist(), "global_step": steps}
    for name, (at, values) in block.cells.items():
        column = np.full(len(block), None, dtype=object)
        column[at] = values.objects()
        filled[name] = column.tolist()
    rows = zip(*(filled[name] for name in columns), strict=True)
    count = max(1, DICT_CELLS // len(columns))
    while part := [dict(zip(columns, row, strict=True)) for row in islice(rows, count)]:
        yield part
