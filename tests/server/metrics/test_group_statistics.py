"""Mean, extremes and quantiles of several curves at common places, against straightforward arithmetic."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.query import groups

NAN = float("nan")


def test_at_common_steps_statistics_are_those_of_the_values() -> None:
    x = np.array([1.0, 2.0, 3.0])
    ys = np.array([[1.0, 5.0, 2.0], [3.0, 1.0, 2.0], [8.0, 3.0, 2.0]])
    group = groups.group_statistics([(x, y) for y in ys], 500, is_integer=True)
    assert list(group) == list(groups.COLUMNS)
    assert group["x"].tolist() == [1, 2, 3] and group["count"].tolist() == [3, 3, 3]
    assert group["mean"].tolist() == [4, 3, 2]
    assert (group["min"].tolist(), group["max"].tolist()) == ([1, 1, 2], [8, 5, 2])
    for name, share in groups.QUANTILES.items():
        np.testing.assert_allclose(group[name], np.quantile(ys, share, axis=0))


def test_a_curve_counts_only_between_its_own_ends() -> None:
    early = np.array([0.0, 10.0]), np.array([0.0, 10.0])
    late = np.array([5.0, 20.0]), np.array([100.0, 100.0])
    group = groups.group_statistics([early, late], 500, is_integer=True)
    assert group["x"].tolist() == [0, 5, 10, 20]
    assert group["count"].tolist() == [1, 2, 2, 1]
    assert group["mean"].tolist() == [0, 52.5, 55, 100]


def test_a_curve_has_no_value_beside_a_gap() -> None:
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, NAN, 2.0, np.inf])
    at = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
    np.testing.assert_array_equal(groups.read_at(x, y, at), [NAN, 0, NAN, NAN, NAN, 2, NAN, NAN, NAN])
    group = groups.group_statistics([(x, y)], 500, is_integer=True)
    assert group["count"].tolist() == [1, 0, 1, 0]
    np.testing.assert_array_equal(group["mean"], [0, NAN, 2, NAN])


def test_the_largest_numbers_have_a_mean() -> None:
    x = np.array([0.0, 2.0])
    group = groups.group_statistics(
        [(x, np.array([1.7e308, -1.7e308])), (x, np.array([1.7e308, 1.7e308]))], 500, is_integer=False
    )
    assert group["mean"][0] == 1.7e308 and group["mean"][1] == 0
    assert groups.read_at(x, np.array([1.7e308, -1.7e308]), np.array([1.0])).tolist() == [0]


def test_the_mean_of_equal_values_is_that_value() -> None:
    heights = np.full((6, 1), 0.5)  # six sixths of it are 0.49999999999999994
    assert groups.statistics(heights)["mean"].tolist() == [0.5]


ANY = st.integers(-1000, 1000).map(lambda n: n / 10) | st.floats(-1e308, 1e308) | st.just(NAN)


@given(st.lists(ANY, min_size=1, max_size=8), st.randoms())
def test_statistics_do_not_depend_on_the_order_of_the_curves(values: list[float], random: Random) -> None:
    shuffled = random.sample(values, len(values))
    first, other = (groups.statistics(np.array([[value] for value in order])) for order in (values, shuffled))
    for name in first:
        np.testing.assert_array_equal(first[name], other[name], name)


def test_many_points_are_read_at_even_places() -> None:
    x = np.arange(0.0, 10_000, 3)
    positions = groups.places([x, x + 1], 100, is_integer=True)
    assert len(positions) == 100 and positions[0] == 0 and positions[-1] == 10_000
    assert (positions == positions.round()).all()


CURVES = st.lists(
    st.lists(
        st.tuples(st.integers(0, 40), st.floats(-1e6, 1e6)), min_size=1, max_size=12, unique_by=lambda p: p[0]
    ),
    min_size=1,
    max_size=5,
)


@given(CURVES, st.integers(4, 50))
def test_any_group_agrees_with_numpy(curves: list[list[tuple[int, float]]], points: int) -> None:
    columns = [
        (np.array([float(x) for x, _ in sorted(curve)]), np.array([y for _, y in sorted(curve)]))
        for curve in curves
    ]
    group = groups.group_statistics(columns, points, is_integer=True)
    assert len(group["x"]) <= points
    for i, place in enumerate(group["x"].tolist()):
        values = [np.interp(place, x, y) for x, y in columns if x[0] <= place <= x[-1]]
        assert group["count"][i] == len(values)
        if values:
            np.testing.assert_allclose(group["mean"][i], np.mean(values), atol=1e-6)
            np.testing.assert_allclose(group["p25"][i], np.quantile(values, 0.25), atol=1e-6)
            np.testing.assert_allclose(group["max"][i], np.max(values), atol=1e-6)
