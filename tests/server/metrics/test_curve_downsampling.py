"""Downsampled curves keep both ends, both extremes and the gaps, within the requested number of points."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.query.downsample import curve, envelope, evenly

heights = st.lists(st.floats(), max_size=300) | st.lists(st.floats(allow_nan=False, width=16), max_size=300)


@given(heights, st.integers(4, 80))
def test_any_curve_keeps_its_ends_and_extremes(values: list[float], points: int) -> None:
    numbers = np.array(values, dtype=np.float64)
    at = curve(np.arange(len(values)), numbers, points)
    assert len(at) <= points and (np.diff(at) > 0).all()
    if len(values) <= points:
        assert len(at) == len(values)
        return
    assert (at[0], at[-1]) == (0, len(values) - 1)
    finite, kept_values = numbers[np.isfinite(numbers)], numbers[at][np.isfinite(numbers[at])]
    if len(finite):
        assert (kept_values.min(), kept_values.max()) == (finite.min(), finite.max())


@given(st.lists(st.floats(-1e9, 1e9), min_size=4, max_size=300), st.integers(4, 80), st.integers(0, 2**32))
def test_points_may_stand_anywhere(places: list[float], points: int, seed: int) -> None:
    """Close together, at the same place, and far apart, as the times of a run that slept are."""
    random = np.random.default_rng(seed)
    x = np.sort(np.repeat(places, random.integers(1, 4, len(places))))
    at = curve(x, random.random(len(x)), points)
    assert len(at) <= points and (at[0], at[-1]) == (0, len(x) - 1)


def test_a_curve_uses_the_points_it_is_given() -> None:
    numbers = np.random.default_rng(3).random(100_000)
    assert len(curve(np.arange(100_000), numbers, 2000)) >= 1990


def test_gaps_are_kept_where_they_begin_and_end() -> None:
    numbers = np.random.default_rng(3).random(10_000)
    numbers[4000:4100] = np.nan
    numbers[7000] = np.inf
    at = curve(np.arange(10_000), numbers, 100).tolist()
    assert {4000, 4099, 7000} <= set(at)


def test_a_curve_of_nothing_but_gaps_is_drawn_evenly() -> None:
    at = curve(np.arange(1000), np.full(1000, np.nan), 10)
    assert (at[0], at[-1]) == (0, 999)
    assert len(at) >= 4


def test_even_positions_have_both_ends() -> None:
    assert evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly(3, 10).tolist() == [0, 1, 2]
    assert evenly(0, 5).tolist() == evenly(5, 0).tolist() == []


@given(st.lists(st.floats(), min_size=2, max_size=200), st.integers(1, 20))
def test_a_band_encloses_every_finite_value(values: list[float], every: int) -> None:
    numbers = np.array(values)
    edges = np.unique([*range(0, len(values), every), len(values) - 1])
    low, high = envelope(numbers, edges)
    for i in np.flatnonzero(np.isfinite(numbers)).tolist():
        before = int(np.searchsorted(edges, i, side="right")) - 1
        for edge in {before, min(before + 1, len(edges) - 1)}:
            assert low[edge] <= numbers[i] <= high[edge]
