"""Axes are labelled at round numbers, over any range that a float can span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]


def ticks(js: Js, *arguments: float, kind: str = "linearTicks") -> list[float]:
    found: list[float] = js("chart/scales/ticks.js", f"(m, a) => m.{kind}(...a)", list(arguments))
    return found


def test_ticks_have_steps_of_one_two_and_five(js: Js) -> None:
    assert ticks(js, 0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(js, 0, 10, 4) == [0, 2, 4, 6, 8, 10]
    assert ticks(js, -7, 7, 4) == [-5, 0, 5]
    assert ticks(js, 0.1, 0.35, 5) == [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]


def test_ticks_are_integers_on_request(js: Js) -> None:
    assert ticks(js, 0, 2, 8, 1) == [0, 1, 2]


@pytest.mark.parametrize(
    ("low", "high"), [(-1e308, 1e308), (1e-300, 2e-300), (1e15, 1e15 + 3), (-5e-324, 5e-324), (0, 1e-310)]
)
def test_every_range_has_ticks(js: Js, low: float, high: float) -> None:
    found = ticks(js, low, high, 5)
    assert len(found) <= 12
    assert found == sorted(set(found))
    assert all(low <= tick <= high for tick in found)


def test_a_range_without_width_has_one_tick(js: Js) -> None:
    assert ticks(js, 3, 3, 5) == [3]


def test_logarithmic_ticks_are_powers_of_ten(js: Js) -> None:
    assert ticks(js, 1e-3, 1e3, 8, kind="logTicks") == [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]
    assert ticks(js, 1, 40, 5, kind="logTicks") == [1, 2, 5, 10, 20]
    assert ticks(js, 2, 3, 5, kind="logTicks") == [2, 2.2, 2.4, 2.6, 2.8, 3]
    wide = ticks(js, 1e-300, 1e300, 6, kind="logTicks")
    assert 4 <= len(wide) <= 8
    assert 1 in wide


def test_a_logarithmic_axis_has_nothing_below_zero(js: Js) -> None:
    assert ticks(js, -1, 10, 5, kind="logTicks") == []


def test_moments_less_than_a_second_apart_are_told_apart(js: Js) -> None:
    code = "(m, [times, step]) => times.map((time) => m.timeLabel(time, step))"
    assert js("chart/text/format.js", code, [[1.75e9 + 15, 1.75e9 + 15.05, 1.75e9 + 19.95], 0.05]) == [
        "06:55.00",
        "06:55.05",
        "06:59.95",
    ]
    assert js("chart/text/format.js", code, [[1.75e9 + 15.0004], 0.0002]) == ["06:55.0004"]


def test_times_are_cut_at_round_local_times(js: Js) -> None:
    assert ticks(js, 0, 3600, 4, kind="timeTicks") == [0, 900, 1800, 2700, 3600]
    east = ticks(js, 0, 7 * 86400, 7, 3600, kind="timeTicks")
    assert all((tick + 3600) % 86400 == 0 for tick in east)
    assert len(ticks(js, 0, 10 * 365 * 86400, 6, kind="timeTicks")) <= 9
