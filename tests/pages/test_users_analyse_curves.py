"""Curves over another metric, against the baseline and as formulas; plots of config values that filter the list."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import Screen, open_chart_settings
from tests.waiting import until

pytestmark = pytest.mark.journey
COUNT = 20


@pytest.fixture
def viewer(folder: Path, start_viewer: Callable[..., Viewer]) -> Viewer:
    """A viewer of twenty runs whose validation has epochs as x axis."""
    for i in range(COUNT):
        run_id = write_run(
            folder,
            project="vision",
            name=f"n{i:02}",
            config={"lr": (i + 1) / 100, "optim": ["adam", "sgd"][i % 2]},
            metrics=[
                {
                    "loss": 1 + i / COUNT + math.exp(-step / 9),
                    "val/acc": step / 60 + i / 100,
                    "epoch": step // 5,
                    "tokens": 512 * step,
                }
                for step in range(30)
            ],
            created_at=1_700_000_000.0 + i,
        )
        meta = folder / "vision" / f"n{i:02}" / "runs" / run_id / "meta.json"
        rules = {"val/*": {"step_metric": "epoch", "goal": "max", "summary": "best"}}
        meta.write_text(json.dumps(json.loads(meta.read_text()) | {"metrics": rules}))
    server = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(server.get("/api/runs").json()) == COUNT)
    return server


def _label(browser: Any, name: str) -> str:
    """Return the words of a chart, which is drawn when it is in sight."""
    code = """(name) => {
        const plot = document.querySelector(`figure[data-name="${name}"] .plot`);
        document.querySelector(`figure[data-name="${name}"]`)?.scrollIntoView();
        return plot?.getAttribute("aria-label") ?? "";
    }"""
    return str(browser.evaluate(code, name))


def _fold(browser: Any, screen: Screen) -> None:
    if screen.is_phone:
        browser.get_by_role("button", name="Fold the list").click()


def test_a_chart_has_the_axis_of_its_definition_and_a_page_that_which_was_chosen(
    viewer: Viewer, browser: Any, screen: Screen
) -> None:
    browser.goto(f"{viewer.url}/?layout=charts&project=vision")
    _fold(browser, screen)
    # Six epochs of five steps each.
    until(lambda: "30 points, epoch 0 to 5;" in _label(browser, "val/acc"))
    until(lambda: "30 points, step" in _label(browser, "loss"))
    open_chart_settings(browser, only_on_phones=True)
    browser.get_by_label("Metric as x axis").select_option("tokens")
    until(lambda: "tokens" in _label(browser, "loss") and "tokens" in _label(browser, "val/acc"))
    assert parse_qs(urlsplit(browser.url).query)["x"] == ["tokens"]
    browser.goto(f"{viewer.url}/?layout=charts&project=vision")
    _fold(browser, screen)
    until(lambda: "tokens" in _label(browser, "loss"))


def test_dragging_over_the_plots_of_config_values_filters_the_page(
    viewer: Viewer, browser: Any, screen: Screen
) -> None:
    browser.goto(f"{viewer.url}/?layout=charts&tab=hyperparameters&key=lr&metric=loss")
    _fold(browser, screen)
    circles = browser.locator("#scatter circle")
    until(lambda: circles.count() == COUNT)
    plot = browser.locator("#scatter svg")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    browser.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 24)
    browser.mouse.down()
    browser.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.83 * box["height"], steps=4)
    browser.mouse.up()
    browser.wait_for_url(lambda url: "where=" in url)
    (where,) = parse_qs(urlsplit(browser.url).query)["where"]
    assert "config.lr >= 0.0" in where and "metric.loss.best <= " in where
    until(lambda: 0 < circles.count() < COUNT)
    until(lambda: browser.locator("#run-list tr[data-run]").count() == circles.count())


def test_the_search_is_drawn_with_its_best_run_so_far(viewer: Viewer, browser: Any, screen: Screen) -> None:
    browser.goto(f"{viewer.url}/?layout=charts&tab=hyperparameters&metric=loss")
    _fold(browser, screen)
    until(lambda: browser.locator("#best-so-far circle").count() == COUNT)
    assert browser.locator("#best-so-far svg").get_attribute("aria-label").startswith("Best loss of ")
    assert browser.locator("#best-so-far .best-line").count() == 1
    until(lambda: browser.locator("#slices svg").count() > 0)


def test_curves_are_compared_with_the_baseline(viewer: Viewer, browser: Any, screen: Screen) -> None:
    runs = viewer.get("/api/runs").json()
    baseline = {"run_ids": [runs[-1]["id"]]}
    assert requests.put(f"{viewer.url}/api/v2/projects/vision/baseline", json=baseline, timeout=30).ok
    browser.goto(f"{viewer.url}/?layout=charts&project=vision&diff=absolute")
    _fold(browser, screen)
    until(lambda: _label(browser, "loss").count("30 points") == 10)
    # The newest run is 0.95 above the oldest one, at each step.
    assert "lowest 0.95, highest 0.95" in _label(browser, "loss")
    browser.goto(f"{viewer.url}/?layout=charts&project=vision&diff=relative&group=config.optim")
    _fold(browser, screen)
    until(lambda: _label(browser, "loss").count("30 points") == 2)
    assert browser.locator("#legend > ul > li").count() == 2


def test_a_formula_is_a_chart_and_a_column(viewer: Viewer, browser: Any, screen: Screen) -> None:
    formula = {"name": "gap", "formula": "ema(loss, 0.5) - val/acc"}
    assert viewer.post("/api/v2/projects/vision/formulas", json=formula).status_code == 201
    browser.goto(f"{viewer.url}/?layout=charts&project=vision")
    _fold(browser, screen)
    until(lambda: _label(browser, "gap").count("30 points") == 10)
    browser.goto(f"{viewer.url}/?project=vision&add=metric.gap.last&sort=-metric.gap.last")
    until(lambda: browser.locator("th", has_text="gap").count() > 0)
    until(lambda: "n19" in browser.locator("table.runs tbody tr").first.inner_text())
