"""Comparing runs in the real browser: group, zoom, hide, and come back to the same view by its address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import Screen, open_chart_settings
from tests.waiting import until

pytestmark = pytest.mark.journey


def test_users_group_zoom_and_hide_curves(
    folder: Path, start_viewer: Callable[..., Viewer], browser: Any, screen: Screen
) -> None:
    ids = [
        write_run(
            folder,
            name=f"n{i}",
            config={"lr": [0.1, 0.01][i % 2], "seed": i},
            metrics=[{"loss": (i + 1) / (step + 1)} for step in range(200)],
        )
        for i in range(4)
    ]
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(viewer.get("/api/runs").json()) == 4)
    queries: list[dict[str, list[str]]] = []

    def note(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.path.startswith("/series"):
            queries.append(parse_qs(parts.query))

    browser.on("request", note)
    address = f"{viewer.url}/compare?runs={','.join(ids)}"
    browser.goto(address)
    label = "document.querySelector('figure[data-name=loss] .plot')?.getAttribute('aria-label') ?? ''"
    until(lambda: browser.evaluate(label).count("200 points") == 4)
    assert queries[0]["ids"] == [",".join(ids)] and queries[0]["names"] == ["loss"]

    if screen.is_phone:
        browser.get_by_role("button", name="Fold the list").click()
    browser.locator("tr[data-run] .eye").nth(0).click()
    until(lambda: browser.evaluate(label).count("200 points") == 3)
    assert parse_qs(urlsplit(browser.url).query)["hide"] == [ids[0]]

    open_chart_settings(browser, only_on_phones=True)
    browser.get_by_label("Group by").select_option("config.lr")
    until(lambda: browser.locator("#legend > ul > li").count() == 2)
    assert queries[-1]["group_by"] == ["config.lr"]
    assert "lr 0.01 (2)" in browser.locator("#legend").inner_text()
    dots = "[...document.querySelectorAll('tr.visible .colour')].map((dot) => dot.style.getPropertyValue('--dot'))"
    until(lambda: set(browser.evaluate(dots)) == {"var(--curve-1)", "var(--curve-2)"})
    assert len(browser.evaluate(dots)) == 3, "the runs have the colours of their groups"

    open_chart_settings(browser, only_on_phones=True)
    browser.get_by_text("Duration", exact=True).click()
    # The axis changes before the points have come.
    until(lambda: "time since start" in browser.evaluate(label) and queries[-1]["x"] == ["relative"])
    browser.keyboard.press("Escape")
    browser.locator("figure[data-name=loss] .plot").scroll_into_view_if_needed()
    box = browser.locator("figure[data-name=loss] .plot").bounding_box()
    browser.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 60)
    browser.mouse.down()
    browser.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 60)
    with browser.expect_request(lambda request: "time_range=" in request.url):
        browser.mouse.up()
    browser.go_back()
    browser.wait_for_url(lambda url: "range" not in parse_qs(urlsplit(url).query))
    browser.reload()
    until(lambda: browser.locator("#legend > ul > li").count() == 2)
    assert browser.get_by_label("Group by").input_value() == "config.lr"

    browser.get_by_role("link", name="Hyperparameters").click()
    browser.locator("tr[data-run] .eye").nth(0).click()
    until(lambda: browser.locator("#scatter circle").count() == 4)
    assert browser.locator("#parallel path.run").count() == 4


def test_the_config_of_two_runs_is_compared_with_three_clicks(
    folder: Path, start_viewer: Callable[..., Viewer], browser: Any
) -> None:
    for n in range(2):
        write_run(
            folder, name=f"n{n}", config={"optim.lr": 0.1 / (n + 1), "seed": 7}, metrics=[{"loss": 1.0}]
        )
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(viewer.get("/api/runs").json()) == 2)
    browser.goto(viewer.url)
    for pick in browser.locator("input.pick").all():
        pick.click()
    browser.get_by_role("link", name="Config").click()
    table = browser.locator("#config-table")
    table.wait_for()
    assert table.locator("tbody th").all_inner_texts() == ["optim.lr"]
