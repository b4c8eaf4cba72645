"""How far a drawn curve is from that of all points, in intervals of equal width, whatever is read of the pyramid.

An interval of a close line is a pixel of a chart, which asks for four points for each. Wherever one of the two curves is,
the other has the same height within an interval before or after.

Of other lines, two points for each interval are asked for. The extremes of intervals are drawn; of a pyramid those of buckets
are read, which are at most 1 / 1.5 of an interval wide.

- A point is within one interval of the line if all are read, and of a pyramid within 1.67: its bucket may lie across the
  border of two intervals. Where distances vary within a tile a bucket may be twice as wide: 2.33.
- Between two intervals the line rises evenly from one extreme to the next, which are at most two intervals apart; the
  curve reaches each height in between, at the latest at the other end.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.query import downsample
from metrics.query.charts import Resolution
from metrics.query.plan import SeriesReader, Window, interval_width, level_for
from metrics.store import pyramid
from metrics.store.columns import Floats, Values
from metrics.store.points import Points
from metrics.store.pyramid import Shape
from tests.large import many
from tests.server.metrics.pyramids import BROAD, SMALL, Grown, all_of, in_batches, points_of

pytestmark = pytest.mark.usefixtures("small_pieces")
POINTS = 40
Line = tuple[Floats, Floats]
FRESH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def series(draw: st.DrawFn) -> Points:
    """Points with gaps, bursts, repeated steps, restarts, spikes, and stretches that are no finite numbers."""
    steps: list[int] = []
    times: list[float] = []
    odd: list[float] = []
    step, time = 0, 1.7e9
    for _ in range(draw(st.integers(1, 6))):
        count, stride = draw(st.integers(1, 300)), draw(st.sampled_from([1, 1, 3, 50]))
        pace = draw(st.sampled_from([0.01, 1.0, 1.0, 60.0]))
        repeats = draw(st.sampled_from([1, 1, 3]))
        steps += [step + i // repeats * stride for i in range(count)]
        times += [time + i * pace for i in range(count)]
        odd += [draw(st.sampled_from([0.0, 0.0, 0.0, np.nan, np.inf, -np.inf]))] * count
        step = steps[-1] + draw(st.sampled_from([1, 1, 2000, -40, -400]))
        time = times[-1] + draw(st.sampled_from([pace, pace, 3600.0]))
    random = Random(draw(st.integers(0, 2**32)))
    noise, share = draw(st.sampled_from([0.0, 0.1, 1.0])), draw(st.sampled_from([0.01, 0.3, 1.0]))
    values = [
        i / 50 + random.gauss(0, noise) + 9.0 * (random.random() < 0.01) + (random.random() < share and bad)
        for i, bad in enumerate(odd)
    ]
    rows = np.arange(len(steps), dtype=np.int64)
    column = Values.of(values)
    return Points(rows, np.array(steps, dtype=np.int64), np.array(times), column, Values.nothing(len(steps)))


def read(grown: Grown, window: Window, by_step: bool, points: int) -> tuple[Points, int]:
    """What a chart reads, and how many points there were."""
    directory = grown.directory()
    width = interval_width(directory, window, points, by_step=by_step)
    for level in range(level_for(directory, window, points), -1, -1):
        reader = SeriesReader(directory, window, by_step=by_step, level=level, width=width)
        reader.open_tangled(grown.blob)
        points_read, count = reader.points(grown.blob)
        if level == 0 or len(points_read) >= min(points, count):
            break
    return reader.with_gap_ends(points_read, grown.blob), count


def line_of(
    grown: Grown, window: Window, by_step: bool, points: int, close: bool = False
) -> tuple[Line, int]:
    """The curve of a response, and how many points there were."""
    together, count = read(grown, window, by_step, Resolution(points, close).to_read)
    x = together.step if by_step else together.time
    at = downsample.curve(x, together.value.heights(), points, close=close)
    return (x[at].astype(float), together.value.numbers()[at]), count


def expected(points: Points, window: Window, by_step: bool) -> Line:
    """All points that count, by the plainest means: of a step the last one, by time every one."""
    rows = list(zip(points.step.tolist(), points.time.tolist(), points.value.numbers().tolist(), strict=True))
    if by_step:
        pairs = sorted({step: value for step, _, value in rows}.items())
    else:
        pairs = sorted(((time, value) for _, time, value in rows), key=lambda pair: pair[0])
    low, high = (end for end in (window.steps if by_step else window.times))
    window_pairs = [(x, y) for x, y in pairs if (low is None or x >= low) and (high is None or x <= high)]
    return np.array([x for x, _ in window_pairs], dtype=float), np.array(
        [y for _, y in window_pairs], dtype=float
    )


def farthest(line: Line, x: Floats, y: Floats, width: float) -> float:
    """How far the points are at most above or below what a line passes within `width` of them."""
    xs, ys = line
    most = 0.0
    for at, height in zip(x.tolist(), y.tolist(), strict=True):
        low, high = max(at - width, xs[0]), min(at + width, xs[-1])
        inside = ys[np.searchsorted(xs, low) : np.searchsorted(xs, high, "right")]
        near = np.append(inside, np.interp([low, high], xs, ys))
        most = max(most, near.min() - height, height - near.max())
    return most


def finite(line: Line) -> Line:
    there = np.isfinite(line[1])
    return line[0][there], line[1][there]


def check(
    grown: Grown, logged: Points, window: Window, by_step: bool, points: int, close: bool = False
) -> None:
    """Compare a curve with all points that were logged."""
    x, y = expected(logged, window, by_step)
    line, count = line_of(grown, window, by_step, points, close)
    assert count == len(x) and len(line[0]) <= points
    if count <= points:
        np.testing.assert_array_equal(line, (x, y))
        return
    # What is drawn was logged; by time several points may have one place.
    logged_there = set(zip(x.tolist(), map(str, y.tolist()), strict=True))
    assert set(zip(line[0].tolist(), map(str, line[1].tolist()), strict=True)) <= logged_there
    assert [*map(str, (line[0][0], line[1][0], line[0][-1], line[1][-1]))] == [
        *map(str, (x[0], y[0], x[-1], y[-1]))
    ]
    assert np.isfinite(line[1]).all() == np.isfinite(y).all()
    (xs, ys), finite_line = finite((x, y)), finite(line)
    if not len(xs):
        return
    assert (finite_line[1].min(), finite_line[1].max()) == (ys.min(), ys.max())
    # Marks of what is no finite number take a quarter of the points at most; a mip's buckets are narrower than intervals.
    marks = 0 if len(xs) == len(x) else points // 4
    most = downsample.OF_CLOSE if close else 2
    interval = (x[-1] - x[0]) / max(1, (points - 2 - marks) // most)
    scale = 1e-9 * max(1.0, float(np.abs(ys).max()))
    bucket = 2 / 1.5 if level_for(grown.directory(), window, points) and not close else 0.0
    assert farthest(finite_line, xs, ys, (1 + bucket) * interval) <= scale
    if len(xs) == len(x):
        for share in (0.02, 0.1, 0.3, 0.5, 0.8, 0.98):
            between_x, between_y = (column[:-1] * (1 - share) + column[1:] * share for column in finite_line)
            width = interval if close else 2 * max(share, 1 - share) * interval
            assert farthest((xs, ys), between_x, between_y, width) <= scale


@given(series(), st.lists(st.integers(1, 90), min_size=1, max_size=4), st.booleans(), st.data())
@FRESH
def test_a_drawn_line_stays_beside_that_of_all_points_while_the_run_grows(
    points: Points, sizes: list[int], by_step: bool, data: st.DataObject
) -> None:
    pyramid.SHAPE = data.draw(st.sampled_from([SMALL, BROAD]))
    grown = Grown()
    batches = in_batches(points, sizes)
    looks = {len(batches), data.draw(st.integers(1, len(batches))), data.draw(st.integers(1, len(batches)))}
    for number, batch in enumerate(batches, 1):
        grown.add(batch, reopen=number % 7 == 0)
        if number not in looks:
            continue
        logged = all_of(batches[:number])
        column = (logged.step if by_step else logged.time).tolist()
        low = data.draw(st.none() | st.sampled_from(column))
        high = data.draw(st.none() | st.sampled_from(column))
        if low is not None and high is not None:
            low, high = sorted((low, high))
        window = Window(steps=(low, high)) if by_step else Window(times=(low, high))
        close = data.draw(st.booleans())
        check(grown, logged, window, by_step, data.draw(st.sampled_from([8, 20, 40, 41, 120])), close)


@given(st.integers(100, 1000), st.integers(20, 200), st.booleans(), st.integers(0, 2**32), st.data())
@FRESH
def test_evenly_spaced_points_are_drawn_equally_fine_everywhere(
    count: int, points: int, by_step: bool, seed: int, data: st.DataObject
) -> None:
    """Each sixth of a range has about as many of the points, at whatever tile of the pyramid the range begins and ends."""
    pyramid.SHAPE = data.draw(st.sampled_from([SMALL, BROAD]))
    random = np.random.default_rng(seed)
    grown, stride = Grown(), data.draw(st.sampled_from([1, 7]))
    logged = points_of([i * stride for i in range(count)], random.random(count).tolist())
    for batch in many(in_batches(logged, [data.draw(st.integers(50, 500))])):
        grown.add(batch)
    first = data.draw(st.integers(0, count - 60))
    last = data.draw(st.integers(first + 59, count - 1))
    if by_step:
        window = Window(steps=(first * stride, last * stride))
    else:
        window = Window(times=(float(logged.time[first]), float(logged.time[last])))
    (x, _), _ = line_of(grown, window, by_step, points)
    assert len(x) >= min(0.8 * points, last - first + 1)
    counts = np.histogram(x, 6)[0]
    # Two intervals may be cut at each end of a sixth.
    assert counts.max() <= 1.5 * counts.min() + 4, counts


@pytest.mark.parametrize(("shape", "pause"), [(SMALL, 1e4), (BROAD, 400.0), (BROAD, 1e4)])
def test_both_ends_of_a_pause_are_drawn(shape: Shape, pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line across it would begin at an extreme that was logged before its last point."""
    monkeypatch.setattr(pyramid, "SHAPE", shape)
    count, random = 2000, Random(1)
    values = [random.choice([-1.0, 1.0]) for _ in range(count)]
    values[1003] = values[1004] = 0.25
    times = np.arange(count, dtype=float) + pause * (np.arange(count) > 1003)
    rows = np.arange(count, dtype=np.int64)
    grown = Grown()
    grown.add(Points(rows, rows, times, Values.of(values), Values.nothing(count)))
    together, _ = read(grown, Window(), False, POINTS)
    at = downsample.curve(together.time, together.value.heights(), POINTS)
    assert len(together) < count / 2 and {1003, 1004} <= set(together.row[at].tolist())


def test_slow_points_between_bursts_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile with bursts has narrow buckets on average, and a wide one of the points between them."""
    monkeypatch.setattr(pyramid, "SHAPE", BROAD)
    pace = np.repeat([0.01, 60.0, 0.01], [258, 16, 243])
    count = len(pace)
    rows = np.arange(count, dtype=np.int64)
    times = 1.7e9 + np.cumsum(pace)
    values = rows / 50 + 9.0 * (rows % 29 == 10) * (abs(rows - 266) > 9)
    logged = Points(rows, rows, times, Values.of(values.tolist()), Values.nothing(count))
    grown = Grown()
    grown.add(logged)
    check(grown, logged, Window(), False, 8)
    assert len(read(grown, Window(), False, 8)[0]) < count / 2


def test_points_of_one_second_are_drawn_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other trackers keep times in seconds: what a bucket lost may have the same x as what it has."""
    monkeypatch.setattr(pyramid, "SHAPE", BROAD)
    rows = np.arange(256, dtype=np.int64)
    pace = np.where(rows // 64 == 2, 1.0, 3.0)
    pace[132:140] = 120.0, 0, 0, 0, 0, 0, 0, 0
    values = np.where(rows < 132, 0.0, 5.0) + rows % 2 / 10
    values[131:134] = 8.0, 9.0, 3.0
    logged = Points(rows, rows, 1.7e9 + np.cumsum(pace), Values.of(values.tolist()), Values.nothing(256))
    grown = Grown()
    grown.add(logged)
    check(grown, logged, Window(), False, POINTS)
    assert len(read(grown, Window(), False, POINTS)[0]) < 128


def test_a_run_that_was_resumed_at_an_earlier_step_is_drawn_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles are in the order of steps: they mix points from before and after the pause."""
    monkeypatch.setattr(pyramid, "SHAPE", BROAD)
    steps = [*range(110), *range(69, 100)]
    rows = np.arange(len(steps), dtype=np.int64)
    times = 1.7e9 + rows / 100 + 3600.0 * (rows >= 110) + 3600.0 * (rows == rows[-1])
    values = np.where(rows < 110, -4.0, 4.0) + rows % 7 / 10
    values[80] = 3.0
    logged = Points(rows, np.array(steps), times, Values.of(values.tolist()), Values.nothing(len(rows)))
    grown = Grown()
    for batch in in_batches(logged, [1]):
        grown.add(batch)
    check(grown, logged, Window(), False, 20)
