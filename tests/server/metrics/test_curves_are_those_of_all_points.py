"""A drawn curve is that of all points to an interval of its width, whatever is read of the pyramid."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.query import downsample
from metrics.query.plan import SeriesReader, Window, interval_width, level_for
from metrics.store.columns import Floats, Values
from metrics.store.points import Points
from tests.server.metrics.pyramids import Grown, in_batches

pytestmark = pytest.mark.usefixtures("small_pieces")
POINTS = 40
FRESH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def series(draw: st.DrawFn) -> Points:
    """Points with gaps, bursts, repeated steps and restarts, of which some are spikes."""
    steps: list[int] = []
    times: list[float] = []
    step, time = 0, 1.7e9
    for _ in range(draw(st.integers(1, 6))):
        count, stride = draw(st.integers(1, 300)), draw(st.sampled_from([1, 1, 3, 50]))
        pace = draw(st.sampled_from([0.01, 1.0, 1.0, 60.0]))
        repeats = draw(st.sampled_from([1, 1, 3]))
        steps += [step + i // repeats * stride for i in range(count)]
        times += [time + i * pace for i in range(count)]
        step = steps[-1] + draw(st.sampled_from([1, 1, 2000, -40, -400]))
        time = times[-1] + draw(st.sampled_from([pace, pace, 3600.0]))
    random = Random(draw(st.integers(0, 2**32)))
    noise = draw(st.sampled_from([0.0, 0.1, 1.0]))
    values = [i / 50 + random.gauss(0, noise) + 9.0 * (random.random() < 0.01) for i in range(len(steps))]
    rows = np.arange(len(steps), dtype=np.int64)
    column = Values.of(values)
    return Points(rows, np.array(steps, dtype=np.int64), np.array(times), column, Values.nothing(len(steps)))


def read(grown: Grown, window: Window, by_step: bool, points: int) -> Points:
    """What a chart reads."""
    directory = grown.directory()
    width = interval_width(directory, window, points, by_step=by_step)
    level = level_for(directory, window, points)
    reader = SeriesReader(directory, window, by_step=by_step, level=level, width=width)
    found, _ = reader.points(grown.blob)
    return reader.with_gap_ends(found, grown.blob)


def expected(points: Points, window: Window, by_step: bool) -> tuple[Floats, Floats]:
    """All points that count, by the plainest means."""
    order = points.by_step().unshadowed() if by_step else points.by_time()
    order = window.pick(order)
    return order.step.astype(float) if by_step else order.time, order.value.numbers()


def farthest(line: tuple[Floats, Floats], x: Floats, y: Floats, width: float) -> float:
    """How far the points are at most above or below what a line passes within `width` of them."""
    xs, ys = line
    most = 0.0
    for at, height in zip(x.tolist(), y.tolist(), strict=True):
        low, high = max(at - width, xs[0]), min(at + width, xs[-1])
        inside = ys[np.searchsorted(xs, low) : np.searchsorted(xs, high, "right")]
        near = np.append(inside, np.interp([low, high], xs, ys))
        most = max(most, near.min() - height, height - near.max())
    return most


@given(series(), st.lists(st.integers(1, 90), min_size=1, max_size=4), st.booleans(), st.data())
@FRESH
def test_a_drawn_line_stays_within_an_interval_of_that_of_all_points(
    points: Points, sizes: list[int], by_step: bool, data: st.DataObject
) -> None:
    grown = Grown()
    batches = in_batches(points, sizes)
    seen = data.draw(st.integers(1, len(batches)))
    for batch in batches[:seen]:
        grown.add(batch)
    logged = points.select(slice(0, sum(map(len, batches[:seen]))))
    low = data.draw(st.none() | st.integers(0, 400))
    high = None if low is None else low + data.draw(st.integers(0, 600))
    window = Window(steps=(low, high)) if by_step else Window()
    x, y = expected(logged, window, by_step)
    together = read(grown, window, by_step, POINTS)
    assert (len(together) == 0) == (len(x) == 0)
    if not len(x):
        return
    read_x = together.step if by_step else together.time
    at = downsample.curve(read_x, together.value.heights(), POINTS)
    drawn = read_x[at].astype(float), together.value.numbers()[at]
    assert len(at) <= POINTS
    assert (drawn[0][0], drawn[1][0], drawn[0][-1], drawn[1][-1]) == (x[0], y[0], x[-1], y[-1])
    assert (drawn[1].min(), drawn[1].max()) == (y.min(), y.max())
    interval = 2 * (x[-1] - x[0]) / (POINTS - 2)
    scale = 1e-9 * max(1.0, float(np.abs(y).max()))
    assert farthest(drawn, x, y, 2 * interval) <= scale
    middles = (drawn[0][1:] + drawn[0][:-1]) / 2, (drawn[1][1:] + drawn[1][:-1]) / 2
    assert farthest((x, y), *middles, 2 * interval) <= scale


def test_both_ends_of_a_pause_are_drawn() -> None:
    """A line across it would begin at an extreme that was logged before its last point."""
    count, random = 2000, Random(1)
    values = [random.choice([-1.0, 1.0]) for _ in range(count)]
    values[1003] = values[1004] = 0.25
    times = np.arange(count, dtype=float) + 1e4 * (np.arange(count) > 1003)
    rows = np.arange(count, dtype=np.int64)
    grown = Grown()
    grown.add(Points(rows, rows, times, Values.of(values), Values.nothing(count)))
    together = read(grown, Window(), False, POINTS)
    at = downsample.curve(together.time, together.value.heights(), POINTS)
    assert len(together) < count / 2 and {1003, 1004} <= set(together.row[at].tolist())
