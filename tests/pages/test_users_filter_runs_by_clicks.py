"""Filters chosen by clicks: groups, states, ranges of metrics and config values, and the chips that remove them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from runs.query.where.parser import conjunction, conjuncts
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.waiting import until

Open = Callable[..., Any]
Page = Callable[..., Markup]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("lr < 1", ["lr < 1"]),
        ('lr < 1 AND name = "a and b" and x in (1, 2)', ["lr < 1", 'name = "a and b"', "x in (1, 2)"]),
        ("(a = 1 or b = 2) and not c = 3", ["(a = 1 or b = 2)", "not c = 3"]),
        ("a = 1 and b = 2 or c = 3", ["a = 1 and b = 2 or c = 3"]),
    ],
)
def test_an_expression_is_split_into_the_parts_that_must_all_be_true(text: str, parts: list[str]) -> None:
    assert conjuncts(text) == parts
    assert conjuncts(conjunction([*parts, "z = 1"]))[-1] == "z = 1"


@pytest.mark.django_db
def test_values_are_offered_with_their_numbers_of_runs_among_the_other_filters(
    store: Path, page: Page
) -> None:
    for n in range(4):
        write_run(store, "p", "one", config={"lr": n, "opt": "adam" if n else "sgd"}, metrics=[{"acc": n}])
    offered = page("/runs-filter?next=where%3Dlr+%3E%3D+1&filter=config.opt").elements
    assert [element.text for element in offered if element.tag == "a"] == ["adam3"]
    chosen = page("/runs-filter?next=where%3Dlr+%3E%3D+1+and+config.opt+%3D+adam&filter=config.opt").elements
    (adam,) = [element for element in chosen if element.tag == "a"]
    assert adam.attributes["aria-current"] == "true"
    assert adam.attributes["href"].endswith("/?where=lr+%3E%3D+1")
    limits = page("/runs-filter?filter=metric.acc.max").elements
    assert [
        element.attributes["placeholder"]
        for element in limits
        if element.tag == "input" and "step" in element.attributes
    ] == [
        "0",
        "3",
    ]


@pytest.mark.django_db
def test_chips_say_what_each_part_of_an_expression_asks_for(store: Path, page: Page) -> None:
    write_run(store, "p", "one in two", config={"lr": 1}, metrics=[{"acc": 1}])
    where = (
        'created_at >= 2020-01-01 and name = "one in two" and config.lr in (1, 2) and metric.acc.best >= 0.5'
    )
    where += " and not config.lr = 3"
    chips = [
        element.text
        for element in page("/?where=" + quote(where)).elements
        if element.tag == "a" and element.has("tag")
    ]
    assert chips == [
        "Remove filter created_at >= 2020-01-01",
        "Remove filter name = one in two",
        "Remove filter lr = 1 | 2",
        "Remove filter acc best ≥ 0.5",
        "Remove filter not config.lr = 3",
    ]


@pytest.mark.django_db
def test_a_malformed_expression_is_replaced_and_a_malformed_limit_ignored(
    store: Path, client: Any, page: Page
) -> None:
    write_run(store, "p", "one", config={"lr": 1})
    assert not [
        element for element in page("/?where=lr+%3C").elements if element.has("conditions") and element.text
    ]
    answer = client.get("/runs-filter?next=where%3Dlr+%3C&filter=config.lr&low=1&high=a+or")
    assert parse_qs(urlsplit(answer.url).query) == {"where": ["config.lr >= 1"]}
    assert client.get("/runs-filter?filter=config.lr+exists+or&low=1").status_code == 200


def test_runs_are_filtered_by_clicks_alone(open_page: Open, busy_site: Viewer) -> None:
    until(lambda: "val/acc" in busy_site.get("/runs-filter?find=val").text)
    page = open_page("/", bypass_csp=True)

    def choose(field: str) -> None:
        page.get_by_title("Add a filter").click()
        page.get_by_role("button", name=field, exact=True).click()

    choose("State")
    assert violations(page) == {}
    page.locator("#filter-offers a", has_text="finished").click()
    page.locator(".conditions a", has_text="State = finished").wait_for()
    choose("optim.lr")
    page.get_by_label("Maximum").fill("0.5")
    page.get_by_role("button", name="Apply").click()
    until(lambda: page.locator("a.name").all_text_contents() == ["resnet"])
    choose("val/acc")
    page.get_by_label("Statistic").select_option("last")
    page.get_by_text("val/acc last", exact=True).wait_for()
    page.get_by_label("Minimum").fill("2")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="No runs match").wait_for()
    assert violations(page) == {}
    page.locator(".conditions a", has_text="val/acc last ≥ 2").click()
    until(lambda: page.locator("a.name").all_text_contents() == ["resnet"])
    assert page.locator("#where").input_value() == "state = finished and config.optim.lr <= 0.5"
