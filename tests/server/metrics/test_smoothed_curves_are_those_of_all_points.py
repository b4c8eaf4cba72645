"""A smoothed value is that of the whole series at its point, whatever is shown of it and while the run grows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.ingest.catch_up import catch_up
from metrics.query.series import run_series
from metrics.query.smoothing import curves
from metrics.query.smoothing.smoother import Smoother
from metrics.store.columns import Floats, Values
from metrics.store.points import Points
from runs.models import Run
from tests.large import many
from tests.server.metrics.journals import append, new_run
from tests.server.metrics.pyramids import all_of, in_batches
from tests.server.metrics.test_curves_are_those_of_all_points import series

pytestmark = pytest.mark.usefixtures("small_pieces")
numbers = count()
relaxed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@st.composite
def smoothers(draw: st.DrawFn) -> Smoother:
    unit = draw(st.sampled_from(["points", "x"]))
    width = draw(st.sampled_from([1.0, 3.0, 4.5, 21.0, 150.0] if unit == "points" else [0.5, 9.0, 400.0]))
    return draw(
        st.sampled_from(
            [
                Smoother("ema", weight=draw(st.sampled_from([0.0, 0.5, 0.9, 0.99]))),
                Smoother("time_ema", weight=draw(st.sampled_from([0.5, 0.99]))),
                Smoother("time_ema", half_life=width),
                Smoother("mean", window=width, unit=unit),  # type: ignore[arg-type]
                Smoother("gaussian", sigma=width / 4, unit=unit),  # type: ignore[arg-type]
                Smoother("gaussian", sigma=width, unit=unit),  # type: ignore[arg-type]
            ]
        )
    )


@dataclass(frozen=True)
class Series:
    """All finite points that count, ascending in x: of a step the last one, by time every one."""

    x: Floats
    y: Floats
    width: float
    """Of x, with the points that are no finite numbers."""

    @classmethod
    def of(cls, points: Points, *, by_step: bool) -> Series:
        values = points.value.numbers().tolist()
        if by_step:
            pairs = sorted(dict(zip(points.step.tolist(), values, strict=True)).items())
        else:
            rows = zip(points.time.tolist(), values, strict=True)
            pairs = sorted(rows, key=lambda pair: pair[0])
        finite = [(x, y) for x, y in pairs if np.isfinite(y)]
        x, y = ([pair[i] for pair in finite] for i in (0, 1))
        return cls(np.array(x, dtype=float), np.array(y), pairs[-1][0] - pairs[0][0])

    def weights(self, smoother: Smoother, i: int) -> Floats:
        """Return the weight of each point in the smoothed value of point `i`, by the definition of the smoothing."""
        j = np.arange(len(self.x))
        places = self.x if smoother.method == "time_ema" or smoother.unit == "x" else j.astype(float)
        distance = np.abs(places - places[i])
        if smoother.method == "ema":
            return np.where(j <= i, smoother.weight ** np.maximum(i - j, 0.0), 0.0)
        if smoother.method == "time_ema":
            half_life = smoother.half_life
            if half_life is None:
                half_life = self.width / 1000 * np.log(0.5) / np.log(smoother.weight)
            halves = distance / half_life if half_life else np.where(j == i, 0.0, np.inf)
            return np.where(j <= i, 0.5**halves, 0.0)
        if smoother.method == "mean":
            if smoother.unit == "x":
                return (distance <= smoother.window / 2).astype(float)
            # Of a point that the window's end cuts, the part inside counts.
            return (
                np.clip(smoother.window / 2 + 0.5 - distance, 0.0, 1.0)
                if smoother.window > 1
                else 1.0 * (j == i)
            )
        return np.exp(-0.5 * (distance / smoother.sigma) ** 2) * (distance <= 4 * smoother.sigma)

    def value(self, smoother: Smoother, i: int, most: int, low: int, high: int) -> tuple[float, float]:
        """Return the smoothed value of point `i`, and the part of it from more than `most` points before or after."""
        weights = self.weights(smoother, i)
        weights /= weights.sum()
        far = weights[: max(0, low - most)].sum() + weights[high + most :].sum()
        return float(weights @ self.y), float(far)


def lines(points: Points) -> bytes:
    rows = zip(points.step.tolist(), points.time.tolist(), points.value.numbers().tolist(), strict=True)
    records = (
        {"ts": time, "type": "metrics", "data": {"loss": value, "global_step": step, "time": time}}
        for step, time, value in rows
    )
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def check(
    run: Run,
    logged: Points,
    smoother: Smoother,
    window: tuple[float | None, float | None],
    by_step: bool,
    points: int,
) -> None:
    """Compare each smoothed value of a response with the plain computation over all points."""
    whole = Series.of(logged, by_step=by_step)
    places = {"step_range": window} if by_step else {"time_range": window}
    answer = run_series(
        run,
        ["loss"],
        points=points,
        x="step" if by_step else "time",
        smoother=smoother,
        **places,  # type: ignore[arg-type]
    )
    (entry,) = answer["series"] or [{}]
    low, high = (end if end is not None else sign * np.inf for end, sign in zip(window, (-1, 1), strict=True))
    first, last = np.searchsorted(whole.x, low), np.searchsorted(whole.x, high, "right")
    curve = entry.get("smoothed")
    if curve is None or not len(curve["x"]):
        assert first == last
        return
    x, y = np.asarray(curve["x"], dtype=float), np.asarray(curve["y"])
    assert len(x) <= points and (np.diff(x) >= 0).all() and (len(x) == last - first or last - first > points)
    assert {x[0], x[-1]} == {whole.x[first], whole.x[last - 1]}
    spread = float(np.ptp(whole.y)) if len(whole.y) else 0.0
    most = curves.MOST_POINTS
    for place, value in zip(x.tolist(), y.tolist(), strict=True):
        start, stop = np.searchsorted(whole.x, place), np.searchsorted(whole.x, place, "right")
        assert first <= start < stop <= last, "a point that was not logged"
        expected = [whole.value(smoother, i, most, int(first), int(last)) for i in range(start, stop)]
        off = min(abs(value - exact) - 2 * far * spread for exact, far in expected)
        # Where many points are near, a Gaussian is computed from the means of cells.
        part = 1e-3 if smoother.method == "gaussian" and len(whole.x) > 256 else 1e-6
        assert off <= part * max(1.0, spread), (smoother, place, value, expected)


@dataclass(frozen=True)
class Look:
    """A request after a part of the batches; its ends are places of points, in thousandths of those logged."""

    after: float
    low: int | None
    high: int | None
    by_step: bool
    points: int


ends = st.none() | st.integers(0, 999)
looks = st.builds(Look, st.floats(0, 1), ends, ends, st.booleans(), st.sampled_from([8, 41, 300]))


@dataclass(frozen=True, repr=False)
class Logged:
    """Points without a representation, which Hypothesis would write for each example."""

    points: Points


grown = given(
    series().map(Logged),
    st.lists(st.integers(1, 400), min_size=1, max_size=3),
    st.lists(looks, min_size=2, max_size=6),
    smoothers(),
)


@grown
@settings(max_examples=8, suppress_health_check=relaxed)
def test_every_smoothed_value_is_that_of_all_points_while_the_run_grows(
    store: object, logged: Logged, sizes: list[int], requests: list[Look], smoother: Smoother
) -> None:
    grow(logged.points, sizes, requests, smoother)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(5))
@grown
@settings(max_examples=200, suppress_health_check=relaxed)
def test_every_smoothed_value_of_a_thousand_series_is_that_of_all_points(
    store: object, part: int, logged: Logged, sizes: list[int], requests: list[Look], smoother: Smoother
) -> None:
    grow(logged.points, sizes, requests, smoother)


@pytest.mark.parametrize(
    "smoother", [Smoother("mean", window=5), Smoother("gaussian", sigma=2), Smoother("ema", weight=0.9)]
)
@pytest.mark.parametrize("by_step", [True, False])
def test_values_beside_many_points_that_are_no_numbers_are_smoothed_with_those_beyond(
    store: object, by_step: bool, smoother: Smoother
) -> None:
    y = np.linspace(0, 10, 1000) ** 2
    y[300:500] = y[520:900] = np.nan
    rows = many(np.arange(1000))
    points = Points(rows, rows, 1.7e9 + rows, Values.of(y.tolist()), Values.nothing(1000))
    run = new_run(next(numbers))
    append(run, lines(points))
    assert catch_up(run, wait=60) == 0
    axis = points.step if by_step else points.time
    check(run, points, smoother, (float(axis[505]), float(axis[515])), by_step, 300)


def grow(points: Points, sizes: list[int], requests: list[Look], smoother: Smoother) -> None:
    """Log a series in batches; ask for parts of it in between, and for the whole at the end."""
    run = new_run(next(numbers))
    batches = in_batches(points, sizes)
    for number, batch in enumerate(batches, 1):
        append(run, lines(batch))
        now = [look for look in requests if 1 + int(look.after * (len(batches) - 1)) == number]
        if not now and number < len(batches):
            continue
        assert catch_up(run, wait=60) == 0
        logged = all_of(batches[:number])
        for look in now:
            column = np.sort(logged.step if look.by_step else logged.time).tolist()
            window = [
                None if end is None else column[end * len(column) // 1000] for end in (look.low, look.high)
            ]
            if None not in window:
                window.sort()
            check(run, logged, smoother, (window[0], window[1]), look.by_step, look.points)
    for by_step in (True, False):
        check(run, points, smoother, (None, None), by_step, 300)
