"""Numbers, durations and times have the same text in the browser and on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]


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
