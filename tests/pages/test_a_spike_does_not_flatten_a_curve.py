"""A few values far away from all others are left out of the value axis, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]
HEIGHTS = """(m, [y, settings]) => {
    const found = m.yRange([{ series: { x: y.map((_, i) => i), y } }], [0, y.length], { log: false, ...settings });
    return [found.domain, found.cut && [found.cut.above, found.cut.below]];
}"""
CALM = [1 + (i * 37 % 100) / 100 for i in range(100)]


@pytest.mark.parametrize("log", [False, True])
def test_one_absurd_value_is_left_out_and_counted(js: Js, log: bool) -> None:
    (low, high), cut = js("chart/scales/y_range.js", HEIGHTS, [[*CALM, 1e173], {"log": log}])
    assert 0 < low < 1.2 and 1.9 < high < 5
    assert cut == [1, 0]


def test_on_demand_all_values_are_shown(js: Js) -> None:
    (_, high), cut = js("chart/scales/y_range.js", HEIGHTS, [[*CALM, 1e173], {"spread": "all"}])
    assert high >= 1e173 and cut is None


def test_on_demand_the_outer_values_are_left_out(js: Js) -> None:
    y = [*CALM, 9, -7]
    assert js("chart/scales/y_range.js", HEIGHTS, [y, {}])[1] is None
    assert js("chart/scales/y_range.js", HEIGHTS, [y, {"spread": "core"}])[1] == [1, 1]


@pytest.mark.parametrize(
    "y",
    [
        [1.5**i for i in range(100)],
        [0.0] * 97 + [1.0, 1.0, 1.0],
        [3.0] * 50 + [300.0],
        [100.0, 1.0, 1e173],
        [5.0],
        [2 / (i + 1) for i in range(300)],
    ],
    ids=["growth", "rare events", "a constant with a bump", "few points", "one point", "a loss"],
)
def test_a_meaningful_range_is_shown_completely(js: Js, y: list[float]) -> None:
    assert js("chart/scales/y_range.js", HEIGHTS, [y, {}])[1] is None
