"""The server and the scripts show a number with the same digits, wherever it stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from metrics.pages.comparison import config_rows
from runicorn_site.web.templatetags.ui import figure
from runs.models import Run


def test_scripts_and_pages_agree_on_any_number(js: Callable[..., Any]) -> None:
    random = Random(5)
    values: list[float] = [0, 1, -1, 1e-4, 9.9999e-5, 1e9, 999_999_999, 123456.7, 0.1 + 0.2, 1e308]
    values += [random.uniform(-1, 1) * 10 ** random.uniform(-20, 20) for _ in range(2000)]
    values += [random.randrange(-(10**9), 10**9) for _ in range(500)]
    texts = js("chart/text/format.js", "(m, values) => values.map(m.formatNumber)", values)
    different = [(value, text) for value, text in zip(values, texts, strict=True) if text != figure(value)]
    assert not different, different[:5]
    assert [figure(value) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "∞", "−∞"]


def test_numbers_of_a_config_are_short_unless_they_would_look_alike() -> None:
    def cells(*values: Any) -> list[tuple[str, str]]:
        different, _ = config_rows([Run(config={"lr": value}) for value in values])
        return [(cell.value, cell.exact) for cell in different[0].cells]

    assert cells(0.00041868391759283746, 0.1) == [
        ("0.00041868", repr(0.00041868391759283746)),
        ("0.1", "0.1"),
    ]
    assert cells(0.1234567, 0.1234568) == [("0.1234567",) * 2, ("0.1234568",) * 2]
    assert cells("adam", 3) == [("adam", "adam"), ("3", "3")]
