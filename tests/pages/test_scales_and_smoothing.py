"""From values to pixels and back, and curves made calm without being made wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]


@pytest.mark.parametrize("log", [False, True])
def test_a_pixel_leads_back_to_its_value(js: Js, log: bool) -> None:
    back = js(
        "chart/scales/scale.js",
        "(m, log) => { const s = m.makeScale([0.01, 100], [40, 400], log); return [s.at(0.01), s.at(100), s.invert(s.at(7))]; }",
        log,
    )
    assert back == pytest.approx([40, 400, 7])


def test_the_widest_domain_does_not_overflow(js: Js) -> None:
    code = "m => [-1e308, 0, 1e308].map(m.makeScale([-1e308, 1e308], [0, 100]).at)"
    assert js("chart/scales/scale.js", code) == pytest.approx([0, 50, 100])


def test_a_constant_keeps_a_band_around_itself(js: Js) -> None:
    assert js("chart/scales/scale.js", "m => [m.padded(2, 2), m.padded(0, 0), m.padded(NaN, NaN)]") == [
        [1.8, 2.2],
        [-0.5, 0.5],
        [0, 1],
    ]


def test_air_never_leaves_the_numbers(js: Js) -> None:
    ends = js(
        "chart/scales/scale.js",
        "m => [m.padded(-1.7e308, 1.7e308), m.padded(1e-300, 1e300, true)].flat().map(Number.isFinite)",
    )
    assert ends == [True] * 4


def test_zooming_stays_inside_the_bounds(js: Js) -> None:
    assert js("chart/scales/scale.js", "m => m.zoomed([0, 100], 0.5, 20, [0, 100])") == [10, 60]
    assert js("chart/scales/scale.js", "m => m.zoomed([10, 60], 4, 20, [0, 100])") == [0, 100]


def test_smoothing_does_not_lag_at_its_start(js: Js) -> None:
    assert js("chart/data/smoothing.js", "m => m.smooth([4, 4, 4], 0.99)") == pytest.approx([4, 4, 4])
    assert js("chart/data/smoothing.js", "m => m.smooth([1, 2], 0.5)") == pytest.approx(
        [1, (1 * 0.25 + 2 * 0.5) / 0.75]
    )


def test_smoothing_steps_over_what_is_no_number(js: Js) -> None:
    code = "m => m.smooth([1, NaN, 1, Infinity, 1], 0.9).map(String)"
    assert js("chart/data/smoothing.js", code) == ["1", "NaN", "1", "Infinity", "1"]


def test_no_smoothing_is_no_change(js: Js) -> None:
    assert js("chart/data/smoothing.js", "m => { const y = [1, 2]; return m.smooth(y, 0) === y; }")
