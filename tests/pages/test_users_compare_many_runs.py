"""All runs of a list are compared on its charts: in groups with their members, or as a density."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import Screen
from tests.waiting import until

pytestmark = pytest.mark.journey
COUNT = 120
LABEL = "document.querySelector('figure[data-name=loss] .plot')?.getAttribute('aria-label') ?? ''"


@pytest.fixture
def viewer(folder: Path, start_viewer: Callable[..., Viewer]) -> Viewer:
    """A viewer of 120 runs with three learning rates and 40 seeds each."""
    for i in range(COUNT):
        write_run(
            folder,
            name=f"n{i:03}",
            config={"lr": 10.0 ** -(i % 3), "seed": i // 3},
            metrics=[{"loss": 1 + i / COUNT + math.exp(-step / 9) * (1 + i % 3)} for step in range(30)],
            created_at=1_700_000_000.0 + i,
        )
    server = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(server.get("/api/runs").json()) == COUNT)
    return server


def _point(browser: Any, across: float, down: float) -> None:
    plot = browser.locator("figure[data-name=loss] .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    browser.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])


def _label(browser: Any, screen: Screen) -> str:
    """Return the label of the chart; on a phone it is below a list that grows, and drawn when it is seen."""
    if screen.is_phone:
        browser.locator("figure[data-name=loss]").scroll_into_view_if_needed()
    return browser.evaluate(LABEL)  # type: ignore[no-any-return]


@pytest.mark.journey("wide")
def test_the_box_beside_a_list_has_the_neighbours_of_a_curve_only(
    folder: Path, start_viewer: Callable[..., Viewer], browser: Any
) -> None:
    ids = [
        write_run(folder, name=f"n{i}", metrics=[{"loss": 1.0 + i, "acc": 1.0 + i}] * 30) for i in range(10)
    ]
    server = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(server.get("/api/runs").json()) == len(ids))
    browser.goto(f"{server.url}/compare?runs={','.join(ids)}")
    until(lambda: browser.evaluate(LABEL).count("points") == len(ids))
    rows = browser.locator("figure[data-name=loss] .readout p")
    _point(browser, 0.5, 0.4)
    until(lambda: rows.count() == 3)
    browser.get_by_role("button", name="Fold the list").click()
    _point(browser, 0.6, 0.4)
    until(lambda: rows.count() == 8)
    assert rows.last.inner_text() == "and 3 more"


@pytest.mark.journey("wide")
def test_the_list_says_how_many_of_its_runs_are_shown(viewer: Viewer, browser: Any) -> None:
    browser.goto(f"{viewer.url}/?layout=charts")
    count = browser.locator("#shown-count")
    until(lambda: count.inner_text() == "10 of 50 shown")
    browser.locator("#run-list tbody .eye").first.click()
    until(lambda: count.inner_text() == "9 of 50 shown")
    browser.locator("#eye-all").click()
    until(lambda: count.inner_text() == "")


def test_groups_have_all_runs_that_match_and_their_members(
    viewer: Viewer, browser: Any, screen: Screen
) -> None:
    browser.goto(f"{viewer.url}/compare?where=config.lr%20%3C%201&group_by=config.lr")
    if screen.is_phone:
        browser.get_by_role("button", name="Fold the list").click()
    until(lambda: browser.locator("#legend > ul > li").count() == 2)
    assert {"lr 0.1 (40)", "lr 0.01 (40)"} <= set(browser.locator("#legend .clip").all_inner_texts())
    until(lambda: _label(browser, screen).count("30 points") == 2)
    _point(browser, 0.7, 0.4)
    box = browser.locator("figure[data-name=loss] .readout")
    until(lambda: "n = 40" in box.inner_text())
    assert "±" in box.inner_text() and "· lr 0." in box.inner_text()

    if screen.is_phone:
        return  # its charts are not beside the list, and its legend has no eyes
    # A member alone, and a group alone.
    browser.locator("tr[data-run] .eye").nth(0).click(modifiers=["Alt"])
    browser.wait_for_url(lambda url: "solo=" in url)
    until(lambda: browser.evaluate(LABEL).count("30 points") == 1)
    browser.go_back()
    until(lambda: browser.evaluate(LABEL).count("30 points") == 2)
    browser.locator("#legend li").nth(0).hover()
    browser.locator("#legend .eye").nth(0).click(modifiers=["Alt"])
    until(lambda: browser.evaluate(LABEL).count("30 points") == 1)
    assert len(parse_qs(urlsplit(browser.url).query)["hide"]) == 1


def test_more_runs_than_lines_are_a_density_with_the_best_and_the_worst(
    viewer: Viewer, browser: Any, screen: Screen
) -> None:
    browser.goto(f"{viewer.url}/compare?where=config.lr%20%3E%200")
    until(lambda: f"median of {COUNT} runs" in _label(browser, screen))
    names = browser.locator("#legend li .clip").all_inner_texts()
    assert len(names) == 10 and "n000 · best 1" in names and f"n{COUNT - 1} · worst 1" in names
    _point(browser, 0.7, 0.5)
    until(
        lambda: (
            f"n = {COUNT}"
            in browser.locator("figure[data-name=loss] figcaption, figure[data-name=loss] .readout")
            .all_inner_texts()
            .__str__()
        )
    )

    # Few enough of them are lines, those of other pages too.
    browser.goto(f"{viewer.url}/compare?where=config.lr%20%3C%201")
    until(lambda: _label(browser, screen).count("30 points") == 80)


@pytest.mark.journey("wide")
def test_the_legend_of_a_density_is_that_of_the_first_chart(
    folder: Path, start_viewer: Callable[..., Viewer], browser: Any
) -> None:
    """Whichever of its answers comes first."""
    for i in range(COUNT):
        metrics = dict.fromkeys(("a", "b", "c", "d", "e"), i / COUNT)
        write_run(folder, name=f"n{i:03}", config={"lr": 0.1}, metrics=[metrics] * 3, created_at=1.7e9 + i)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(viewer.get("/api/runs").json()) == COUNT)
    # Curves that are not read yet are asked for again: each of these requests is held, or the later one is not last.
    held: list[Any] = []
    released = Event()

    def hold(route: Any) -> None:
        if "names=a" in route.request.url and not released.is_set():
            held.append(route)
        else:
            route.continue_()

    browser.route("**/series/distribution?*", hold)
    browser.goto(f"{viewer.url}/compare?where=config.lr%20%3E%200")
    title = browser.locator("#legend header").first
    until(lambda: held and title.inner_text().startswith("e"))
    released.set()
    for route in held:
        route.continue_()
    until(lambda: title.inner_text().startswith("a"), timeout=20)


@pytest.mark.journey("wide", "middle")
def test_the_start_of_groups_is_fine_on_a_logarithmic_axis(
    folder: Path, start_viewer: Callable[..., Viewer], browser: Any
) -> None:
    steps = 20_000
    ids = []
    for i in range(4):
        metrics = [
            {"global_step": step, "loss": (1 + i % 2) * math.log10(step)} for step in range(1, steps + 1)
        ]
        ids.append(write_run(folder, name=f"n{i}", config={"lr": 0.1 if i % 2 else 0.01}, metrics=metrics))
    server = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(server.get("/api/runs").json()) == 4)
    # What is asked for is counted below, so all points are read before.
    for run_id in ids:
        until(
            lambda run_id=run_id: (
                "X-Ingest-Pending" not in server.get(f"/api/v2/experiments/{run_id}").headers
            )
        )
    ranges: list[str] = []

    def note(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/series/distribution":
            ranges.extend(parse_qs(parts.query).get("step_range", [""]))

    browser.on("request", note)
    browser.goto(f"{server.url}/compare?group_by=config.lr&logx=1")
    # 400 columns of 50 steps each, then of five, then of each step.
    until(lambda: "points" in browser.evaluate(LABEL) and len(ranges) == 3)
    assert ranges[0] == "" and [round(int(part.strip(":")), -2) for part in ranges[1:]] == [2000, 200]
    until(lambda: browser.evaluate(LABEL).count("step 1 to") == 2)
    _point(browser, 0.12, 0.9)
    readout = browser.locator("figure[data-name=loss] .readout")
    until(lambda: "n = 2" in readout.inner_text())
