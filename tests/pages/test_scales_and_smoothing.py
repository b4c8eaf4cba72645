"""Scales from values to pixels and back, and smoothing in addresses and queries."""

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


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("0.9", {"smoothing": "ema", "smoothing_weight": 0.9}),
        ("time_ema:0.5", {"smoothing": "time_ema", "smoothing_weight": 0.5}),
        ("mean:20", {"smoothing": "mean", "smoothing_window": 20}),
        ("gaussian:2.5", {"smoothing": "gaussian", "smoothing_sigma": 2.5}),
        ("0", {}), ("1", {}), ("-1", {}), ("median:3", {}), ("", {}), ("ema:", {}),
    ],
)  # fmt: skip
def test_smoothing_in_an_address_becomes_a_query(js: Js, text: str, query: dict[str, Any]) -> None:
    code = (
        "(m, text) => { const s = m.parseSmoothing(text); return [m.smoothingQuery(s), m.smoothingText(s)]; }"
    )
    assert js("chart/smoothing.js", code, text) == [query, text if query else ""]


def test_a_slider_returns_to_its_place(js: Js) -> None:
    code = (
        "m => ['ema', 'time_ema', 'mean', 'gaussian'].map((method) => m.placeOf(m.smoothingAt(method, 0.5)))"
    )
    assert js("chart/smoothing.js", code) == pytest.approx([0.5] * 4, abs=0.01)
    assert js("chart/smoothing.js", "m => [m.smoothingAt('mean', 0), m.placeOf(null)]") == [None, 0]
