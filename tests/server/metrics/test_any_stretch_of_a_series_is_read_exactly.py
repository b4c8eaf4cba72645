"""Any window of a series has the points, count and extremes that plain sorting finds."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.query.plan import SeriesReader, Window, level_for
from metrics.store.points import Points
from tests.server.metrics.pyramids import Grown, in_batches, points_of

pytestmark = pytest.mark.usefixtures("small_pieces")
SPECIAL = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e300]


def values_of(seed: int, count: int) -> list[float]:
    """Numbers without a pattern, some of them not finite; from a seed, for drawing each would take long."""
    random = Random(seed)
    strange = random.choice([0.0, 0.05, 0.9])
    return [random.choice(SPECIAL) if random.random() < strange else random.gauss(0, 9) for _ in range(count)]


@st.composite
def journeys(draw: st.DrawFn) -> list[int]:
    """Steps of a run: straight, resumed from earlier, with strides, repeated, jittered, or chaotic."""
    steps: list[int] = []
    at = draw(st.integers(-5, 5))
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["straight", "straight", "repeat", "jitter", "chaos", "constant"]))
        count, stride = draw(st.integers(1, 60)), draw(st.sampled_from([1, 1, 2, 3, 10]))
        if kind == "straight":
            steps += [at + i * stride for i in range(count)]
        elif kind == "repeat":
            steps += [at + i // 3 for i in range(count)]
        elif kind == "jitter":
            steps += [at + (i ^ 1) for i in range(count)]
        elif kind == "chaos":
            steps += draw(st.lists(st.integers(-20, 80), min_size=1, max_size=count))
        else:
            steps += [at] * count
        at = steps[-1] + 1 if draw(st.booleans()) else draw(st.integers(-25, max(steps)))
    return steps


def effective(points: Points, window: Window) -> list[tuple[int, int]]:
    """(step, row) of what counts by step, by the plainest means."""
    last: dict[int, int] = {}
    for row, step in zip(points.row.tolist(), points.step.tolist(), strict=True):
        last[step] = row
    low, high = window.steps
    return sorted(
        (step, row)
        for step, row in last.items()
        if (low is None or step >= low)
        and (high is None or step <= high)
        and (window.after_row is None or row > window.after_row)
    )


def extremes(numbers: np.ndarray) -> tuple[float, float] | None:
    finite = numbers[np.isfinite(numbers)]
    return (float(finite.min()), float(finite.max())) if len(finite) else None


@st.composite
def windows(draw: st.DrawFn) -> Window:
    edge = st.none() | st.integers(-10, 90)
    low, high = draw(edge), draw(edge)
    return Window(steps=(low, high), after_row=draw(st.none() | st.integers(-1, 200)))


@given(
    journeys(),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    windows(),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_reader_returns_the_same_points_as_sorting(
    steps: list[int], seed: int, sizes: list[int], window: Window, reopen: bool
) -> None:
    points = points_of(steps, values_of(seed, len(steps)))
    grown = Grown()
    for batch in in_batches(points, sizes):
        grown.add(batch, reopen)
    directory = grown.directory()
    by_row = dict(zip(points.row.tolist(), points.value.numbers().tolist(), strict=True))
    for level in range(level_for(directory, window, 4) + 2):
        for by_step in (True, False):
            reading = SeriesReader(directory, window, by_step=by_step, level=level)
            allowed = set(reading.needs())

            def blob(at: int, data: bool, allowed: set[tuple[int, bool]] = allowed) -> Points:
                assert (at, data) in allowed
                return grown.blob(at, data)

            read_points, count = reading.points(blob)
            if by_step:
                expected = effective(points, window)
                got = list(zip(read_points.step.tolist(), read_points.row.tolist(), strict=True))
            else:
                window_points = window.pick(points)
                expected = list(zip(window_points.step.tolist(), window_points.row.tolist(), strict=True))
                got = list(zip(read_points.step.tolist(), read_points.row.tolist(), strict=True))
            assert count == reading.count(blob) == len(expected)
            assert set(got) <= set(expected)
            assert len(got) == len(set(got)) and (
                not expected or (got[0], got[-1]) == (expected[0], expected[-1])
            )
            if level == 0:
                assert got == expected
            numbers = np.array([by_row[row] for _, row in expected])
            assert extremes(read_points.value.numbers()) == extremes(numbers)
            assert np.isfinite(read_points.value.numbers()).all() == np.isfinite(numbers).all()
