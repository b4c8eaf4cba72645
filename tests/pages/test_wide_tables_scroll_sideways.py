"""The runs table in the real browser: name and checkbox stay in place, and columns are as wide as their content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.journey("wide", "middle")
MANY = "&".join(
    f"col=metric.{name}.{which}"
    for name in ("train/loss", "val/acc", "lr")
    for which in ("min", "max", "last")
)
LEFT = """selector => document.querySelector(`tbody tr ${selector}`).getBoundingClientRect().left
    - document.querySelector("#runs > .scroll").getBoundingClientRect().left"""


def test_name_and_checkbox_stay_when_the_table_is_scrolled(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/?{MANY}")
    page.locator("#runs > .scroll").evaluate("scroll => scroll.scrollLeft = 400")
    assert page.evaluate(LEFT, ".c-name") == 40
    assert page.evaluate(LEFT, ".pick-cell") == 0
    assert page.evaluate(LEFT, ".c-status") < 0


def test_a_column_is_not_wider_than_its_content(open_page: Callable[..., Any]) -> None:
    page = open_page("/?q=bert")
    gap = """() => {
        const cell = document.querySelector("td.c-name");
        return cell.getBoundingClientRect().right - cell.querySelector(".edit").getBoundingClientRect().right;
    }"""
    assert page.evaluate(gap) < 20
    assert page.locator("td.c-name").first.evaluate("cell => cell.offsetWidth") < 300
