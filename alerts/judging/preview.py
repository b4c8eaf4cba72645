"""Preview of a rule: the alerts it would have raised on past runs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db.models import F, Q

from alerts.judging.observer import busiest_of, numbers_of
from alerts.judging.sample_shares import shares
from alerts.judging.viewer_presence import entered_at
from alerts.kinds import KINDS, gpu_idle, no_step, samples, state
from alerts.kinds.base import Condition, ConditionChange, Kind, SeriesChunk
from alerts.models import AlertEvent
from metrics.ingest.catch_up import catch_up
from metrics.models import Series, Tail, Tile
from metrics.store import codec
from metrics.store.lanes import Lane
from metrics.store.points import Points, gather
from runicorn.api.responses.alerts import AlertForecast, AlertPreview
from runs.active_root import active_root
from runs.models import Run
from runs.query import where_keys
from runs.query.find import find_runs
from runs.query.ordering import Ordered
from runs.store.lazy_numpy import np
from runs.store.metric_stats import mode_of

MOST_EVENTS, MOST_RUNS, SECONDS = 100, 2_000, 2.0
Forecasts = list[AlertForecast]


def preview(when: Condition, where: str, *, translated: bool = False) -> AlertPreview:
    """Judge the newest runs of the active root by a rule, for at most `SECONDS`.

    Args:
        translated: return sentences in the language of the page, otherwise in English.

    Returns:
        The events at which it would have fired, newest first.
    """
    deadline = time.monotonic() + SECONDS
    root = active_root()
    node = where_keys.parse(root, where) if where.strip() else None
    runs = list(Ordered(find_runs(root, where=node))[: MOST_RUNS + 1])
    kind, forecasts, run_count = KINDS[when.kind], Forecasts(), 0
    for run in runs[:MOST_RUNS]:
        if len(forecasts) > MOST_EVENTS or time.monotonic() > deadline:
            break
        run_count += 1
        if run.summarized_bytes is not None:
            catch_up(run, deadline - time.monotonic())
        forecasts += [
            AlertForecast(
                run_id=run.run_id, at=change.at, value=change.value, sentence=_sentence(change, translated)
            )
            for change in _changes(when, kind, run)
            if change.began
        ]
    forecasts.sort(key=lambda event: -event["at"])
    return {
        "events": forecasts[:MOST_EVENTS],
        "truncated": run_count < len(runs) or len(forecasts) > MOST_EVENTS,
    }


def _sentence(change: ConditionChange, translated: bool) -> str:
    event = AlertEvent(text=change.text, details=change.details)
    return event.translated if translated else event.sentence


def _changes(when: Condition, kind: Kind, run: Run) -> Iterator[ConditionChange]:
    if kind.judge is not None:
        for chunks in _chunks(when, kind, run):
            memory: list[float] = []
            for chunk in chunks:
                changes, memory = kind.judge(when, chunk, memory)
                yield from changes
    elif kind is state.KIND and run.state in when.states:
        yield state.entered(run, entered_at(run))
    elif kind is samples.KIND:
        for share in shares(run, when):
            if samples.holds(when, share.share):
                yield samples.change(when, share.name, share.step, share.share, run.updated)
    elif kind is no_step.KIND:
        yield from _step_gaps(when, run)


def _step_gaps(when: Condition, run: Run) -> Iterator[ConditionChange]:
    for series in _series(run, Q(lane=Lane.ROWS)):
        last: float = run.started or run.created
        step: int | None = None
        for points in _points(series):
            times = np.append(last, points.time)
            for at in np.flatnonzero(np.diff(times) >= (when.minutes or 0) * 60):
                before = int(points.step[at - 1]) if at else step
                seconds = float(times[at + 1] - times[at])
                yield no_step.began(seconds, before, float(times[at]) + (when.minutes or 0) * 60)
            last, step = float(points.time[-1]), int(points.step[-1])


def _chunks(when: Condition, kind: Kind, run: Run) -> Iterator[Iterator[SeriesChunk]]:
    if kind.lane == "gpu":
        parts = [
            points
            for series in _series(run, Q(lane=Lane.SYSTEM))
            if gpu_idle.SERIES.fullmatch(series.name)
            for points in _points(series)
        ]
        if parts:
            yield iter([busiest_of(gather(parts))])
        return
    for series in _series(run, Q(lane__in=(Lane.METRIC, Lane.STEPLESS))):
        if when.covers(series.name):
            mode = mode_of(run, series.name)
            numbers = (numbers_of(series.name, mode, points) for points in _points(series))
            yield (chunk for chunk in numbers if chunk is not None)


def _series(run: Run, which: Q) -> list[Series]:
    return list(
        Series.objects.filter(which, run=run, generation=F("run__journal__generation")).order_by("name")
    )


def _points(series: Series) -> Iterator[Points]:
    """Yield all points of a series, tile by tile."""
    tiles = Tile.objects.filter(series=series, level=0).order_by("segment", "seq")
    for key in list(tiles.values_list("pk", flat=True)):
        data = Tile.objects.filter(pk=key).values_list("data", flat=True).first()
        if data is not None:
            yield codec.decode(data)
    tails = Tail.objects.filter(series=series).order_by("first_row").values_list("data", flat=True)
    if parts := [codec.decode(data) for data in tails]:
        yield gather(parts)
