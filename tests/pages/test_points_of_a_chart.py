"""The points of a curve: found by place, joined as they come, thinned without losing a peak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]


def test_the_nearest_point_is_found(js: Js) -> None:
    code = "(m, targets) => targets.map((t) => m.nearest([1, 5, 9], t))"
    assert js("chart/data/series.js", code, [-3, 2.9, 3.1, 5, 8, 99]) == [0, 0, 1, 1, 2, 2]
    assert js("chart/data/series.js", "m => m.nearest([], 1)") == -1


def test_what_was_no_number_is_known_again(js: Js) -> None:
    code = 'm => m.numbers([1, null, null, true, null], [[1, "nan"], [2, "inf"], [4, "-inf"]]).map(String)'
    assert js("chart/data/series.js", code) == ["1", "NaN", "Infinity", "1", "-Infinity"]


def test_new_points_are_joined_and_the_last_value_of_a_step_wins(js: Js) -> None:
    code = """m => {
        const s = m.Series.from({name: "a", x: [1, 2], y: [10, 20], special: [], count: 2}, 1);
        const joined = s.append([2, 3], [21, 30], 3);
        return [joined, s.x, s.y, s.count, s.row];
    }"""
    assert js("chart/data/series.js", code) == [True, [1, 2, 3], [10, 21, 30], 3, 3]


def test_points_that_go_back_are_refused(js: Js) -> None:
    code = """m => {
        const s = m.Series.from({name: "a", x: [1, 5], y: [1, 2], special: [], count: 2}, 1);
        return [s.append([6, 3], [0, 0], 3), s.x];
    }"""
    assert js("chart/data/series.js", code) == [False, [1, 5]]


def test_a_long_run_is_thinned_without_losing_an_extreme(js: Js) -> None:
    code = """m => {
        const s = new m.Series("a");
        for (let i = 0; i < 30000; i += 1) s.append([i], [i === 4321 ? 99 : i === 7777 ? NaN : Math.sin(i)], i);
        return [s.x.length, Math.max(...s.y.filter(Number.isFinite)), s.y.some(Number.isNaN), s.x.at(-1), s.count];
    }"""
    length, highest, kept_nan, last, count = js("chart/data/series.js", code)
    assert length <= 8001
    assert (highest, kept_nan, last, count) == (99, True, 29999, 30000)


def test_the_extent_is_of_what_is_in_view(js: Js) -> None:
    code = "(m, a) => m.extent([1, 2, 3, 4], [5, -1, NaN, 7], ...a)"
    assert js("chart/data/series.js", code, [1, 3]) == [-1, 5]
    assert js("chart/data/series.js", code, [1, 4, True]) == [5, 7]
    assert js("chart/data/series.js", code, [3, 3]) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.123456, "0.12346"), (1234.5, "1,234.5"), (1234567, "1,234,567"), (-2.5, "−2.5"),
        (0.00001234567, "1.2346e-5"), (1e300, "1e300"), (123456.7, "123,457"), (None, "–"), (12.30004, "12.3"),
    ],
)  # fmt: skip
def test_numbers_are_formatted_alike_in_the_browser_and_on_the_server(
    js: Js, value: float | None, text: str
) -> None:
    from runicorn_site.web.templatetags.ui import figure

    assert js("chart/text/format.js", "(m, v) => m.formatNumber(v)", value) == text
    assert figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.85, "850 ms"),
        (4.26, "4.3 s"),
        (12, "12 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_durations_are_formatted_alike_in_the_browser_and_on_the_server(
    js: Js, seconds: float, text: str
) -> None:
    from runicorn_site.web.templatetags.ui import duration

    assert js("chart/text/format.js", "(m, v) => m.formatDuration(v)", seconds) == text
    assert duration(seconds) == text


@pytest.mark.parametrize("past", [0, 12, 61, 3599, 7200, 3 * 86400, 40 * 86400])
def test_times_are_formatted_alike_in_the_browser_and_on_the_server(js: Js, past: float) -> None:
    from runicorn_site.web.templatetags.ui import ago

    now = 1_795_000_000
    assert js("times.js", "(m, a) => m.ago(...a)", [now - past, now]) == ago(now - past, now)


def test_a_chart_says_in_words_what_it_shows(js: Js) -> None:
    code = """(m, part) => import("/static/js/chart/data/series.js").then((d) => m.sentence(d.Series.from(part, 3), {axis: "step"}))"""
    part = {"name": "loss", "x": [1, 2, 900], "y": [3, None, 0.25], "special": [[1, "nan"]], "count": 3}
    assert (
        js("chart/text/descriptions.js", code, part)
        == "loss: 3 points, step 1 to 900; lowest 0.25, highest 3, last 0.25."
    )


def test_a_table_for_a_spreadsheet_runs_nothing(js: Js) -> None:
    text = js("chart/text/descriptions.js", "m => m.csv(['step', '=1+1', 'a,\"b\"'], [[1, NaN, Infinity]])")
    assert text == 'step,\'=1+1,"a,""b"""\r\n1,nan,inf\r\n'
