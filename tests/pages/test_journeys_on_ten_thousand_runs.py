"""What a researcher does with 10,000 runs, counted in actions: seeds, a baseline, a pivot table, a formula, all runs compared.
A click, a chosen option and a filled field are an action each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.folders import write_run
from tests.large import many
from tests.processes import Viewer
from tests.screens import Screen
from tests.waiting import until

pytestmark = [pytest.mark.journey(themes=2), pytest.mark.timeout(1800)]
RATES, DEPTHS = (0.001, 0.003, 0.01, 0.03, 0.1), (18, 34, 50, 101)
OPTIMIZERS, DECAYS, WIDTHS = ("adamw", "lion", "sgd", "rmsprop"), (0.0, 0.01, 0.1, 0.2, 0.5), (1, 2, 3, 4, 6)
SEEDS = 5
SETTINGS = len(RATES) * len(DEPTHS) * len(OPTIMIZERS) * len(DECAYS) * len(WIDTHS)
COUNT = SETTINGS * SEEDS
STEPS = 8
BEST = "0.03"
CREATED = 1_767_000_000.0
SWEEP = f"config.lr = {BEST} and config.depth = 101 and config.seed < 3"
SWEEP_RUNS = len(OPTIMIZERS) * len(DECAYS) * len(WIDTHS) * 3


def accuracy(lr: float, depth: int, noise: float) -> float:
    """Return an accuracy that is highest at `BEST`, and grows with the depth."""
    return 0.7 - 2 * abs(lr - float(BEST)) + depth / 1000 + noise


def settings() -> Iterator[tuple[float, int, str, float, int, int, float]]:
    """Yield the config of each run, the oldest first, and its last accuracy."""
    source = random.Random(5)
    for values in product(RATES, DEPTHS, OPTIMIZERS, DECAYS, WIDTHS, range(SEEDS)):
        yield *values, accuracy(values[0], values[1], source.gauss(0, 0.004))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer over 10,000 runs of 2,000 settings with five seeds each."""
    root, home = tmp_path_factory.mktemp("lab") / "store", tmp_path_factory.mktemp("home")
    root.mkdir()
    for number, (lr, depth, optimizer, decay, width, seed, final) in enumerate(many(settings())):
        write_run(
            root,
            "vision",
            f"net-{optimizer}-{depth}",
            created_at=CREATED + number,
            config={
                "lr": lr,
                "depth": depth,
                "optim": optimizer,
                "decay": decay,
                "width": width,
                "seed": seed,
            },
            metrics=[
                {"val/accuracy": final * step / STEPS, "train/loss": 2 - final * step / STEPS}
                for step in range(1, STEPS + 1)
            ],
        )
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    url = '/api/v2/experiments?limit=1&where=metric."val/accuracy".last > 0'
    until(lambda: viewer.get(url).json()["total"] == COUNT, timeout=1500)
    groups = f"{SETTINGS:,} groups"
    until(lambda: groups in viewer.get("/?project=vision&group=replicas").text, timeout=1500)
    yield viewer
    viewer.stop()


class Actions:
    """Actions of a user on a page; there are at most so many."""

    def __init__(self, page: Any, most: int) -> None:
        self.page, self.left = page, most

    def _count(self) -> None:
        self.left -= 1
        assert self.left >= 0, "more actions than allowed"

    def click(self, selector: str, **options: Any) -> None:
        self._count()
        self.page.locator(selector, **options).first.click()

    def choose(self, selector: str, value: str) -> None:
        self._count()
        self.page.locator(selector).first.select_option(value)

    def fill(self, selector: str, text: str) -> None:
        self._count()
        self.page.locator(selector).first.fill(text)


def run_id(lab: Viewer, number: int) -> str:
    """Return the id of a run by its place in `settings()`."""
    created = CREATED + number
    address = f"/api/v2/experiments?created_after={created - 0.5}&created_before={created + 0.5}"
    (run,) = lab.get(address).json()["experiments"]
    return str(run["id"])


def rows(page: Any, column: str) -> list[str]:
    """Return the texts of a column of the table."""
    return [text.strip() for text in page.locator(f"table.runs tbody .{column}").all_inner_texts()]


def test_seeds_group_themselves_in_one_click(lab: Viewer, browser: Any) -> None:
    browser.goto(f"{lab.url}/?project=vision")
    user = Actions(browser, 1)
    user.click("#group-seeds")
    until(lambda: browser.locator("tr.group-row").count() == 50)
    assert f"{SETTINGS:,} groups ({COUNT:,} runs)" in browser.locator(".pager").inner_text()
    assert all("±" in text for text in rows(browser, "c-best"))
    assert set(rows(browser, "c-n")) == {str(SEEDS)}
    names = rows(browser, "c-name")
    assert len(set(names)) == len(names), "each has a name of its own"


def test_the_best_of_300_runs_is_opened_in_two_actions(lab: Viewer, browser: Any, screen: Screen) -> None:
    sweep = [
        (final, number)
        for number, (lr, depth, *_, seed, final) in enumerate(settings())
        if lr == float(BEST) and depth == 101 and seed < 3
    ]
    assert len(sweep) == SWEEP_RUNS == 300
    best = run_id(lab, max(sweep)[1])
    browser.goto(f"{lab.url}/?project=vision&where={quote(SWEEP)}")
    until(lambda: f"{SWEEP_RUNS} runs" in browser.locator(".pager").inner_text())
    user = Actions(browser, 3 if screen.is_phone else 2)
    if screen.is_phone:
        user.click("label[for=more-filters]")
        user.choose("select[name=sort]", "-best")
    else:
        user.click('th[data-key="best"] a')
    first = browser.locator("table.runs tbody tr").first
    until(lambda: first.get_attribute("id") == f"run-{best}")
    user.click("table.runs tbody a.name")
    browser.wait_for_url(f"**/runs/{best}*")


def test_a_baseline_is_set_in_two_clicks_and_read_at_once(lab: Viewer, browser: Any) -> None:
    browser.goto(f"{lab.url}/?project=vision&group=replicas&sort=-best")
    until(lambda: browser.locator("tr.group-row").count() == 50)
    user = Actions(browser, 2)
    user.click("tr.group-row input.pick-group")
    user.click("#set-baseline")
    until(lambda: len(rows(browser, "c-verdict")) == 50)
    assert rows(browser, "c-verdict")[0] == "baseline"
    assert len(lab.get("/api/v2/projects/vision/baseline").json()["run_ids"]) == SEEDS


def test_a_formula_is_defined_in_three_actions_and_is_a_chart_and_a_column(lab: Viewer, browser: Any) -> None:
    worst = run_id(lab, min((final, number) for number, (*_, final) in enumerate(settings()))[1])
    browser.goto(f"{lab.url}/projects/vision/groups?metric=val/accuracy")
    user = Actions(browser, 3)
    user.fill("input[name=name]", "gap")
    user.fill("input[name=formula]", "train/loss - val/accuracy")
    user.click("form.pickers:has(input[name=formula]) button[type=submit]")
    until(lambda: browser.locator("dl.facts dt", has_text="gap").count() == 1)
    browser.goto(f"{lab.url}/?layout=charts&project=vision")
    until(lambda: f"{STEPS} points" in _label(browser, "gap"))

    def is_computed() -> bool:
        browser.goto(f"{lab.url}/?project=vision&add=metric.gap.last&sort=-metric.gap.last")
        first = browser.locator("table.runs tbody tr").first
        is_busy = "Computing gap" in browser.locator("[data-part=notices]").inner_text()
        return not is_busy and bool(first.get_attribute("id") == f"run-{worst}")

    # Until its rows are computed in the background.
    until(is_computed, timeout=600)
    assert browser.locator("th", has_text="gap").count() > 0
    assert requests.delete(f"{lab.url}/api/v2/projects/vision/formulas/gap", timeout=60).ok


def test_a_group_that_is_too_large_for_a_baseline_changes_nothing(lab: Viewer, browser: Any) -> None:
    before = lab.get("/api/v2/projects/vision/baseline").json()
    browser.goto(f"{lab.url}/?project=vision&group=config.lr")
    browser.locator("tr.group-row input.pick-group").first.click()
    browser.locator("#set-baseline").click()
    sentence = f"A baseline has at most 1,000 runs; {COUNT // len(RATES):,} are selected."
    until(lambda: sentence in browser.locator("body").inner_text())
    assert lab.get("/api/v2/projects/vision/baseline").json() == before


def _label(page: Any, chart: str) -> str:
    holder = page.locator(f'figure[data-name="{chart}"]')
    if not holder.count():
        return ""
    holder.scroll_into_view_if_needed()
    return (
        str(holder.locator(".plot").get_attribute("aria-label") or "")
        if holder.locator(".plot").count()
        else ""
    )


def test_a_pivot_table_is_copied_as_latex_in_four_actions(lab: Viewer, browser: Any) -> None:
    browser.context.grant_permissions(["clipboard-read", "clipboard-write"])
    browser.goto(f"{lab.url}/projects/vision/groups?metric=val/accuracy")
    user = Actions(browser, 4)
    user.choose("select[name=by]", "config.lr")
    user.choose("select[name=columns]", "config.depth")
    user.click(".pickers button[type=submit]")
    user.click("[data-copy=pivot-latex]")
    latex = until(lambda: browser.evaluate("navigator.clipboard.readText()"))
    assert latex.startswith(r"\begin{tabular}{lrrrr}") and latex.count(r"\pm") == len(RATES) * len(DEPTHS)
    (best,) = [line for line in latex.splitlines() if r"\mathbf" in line]
    assert best.startswith(BEST), "the others are worse by more than noise"


def test_all_runs_are_compared_in_two_actions(lab: Viewer, browser: Any, screen: Screen) -> None:
    browser.goto(f"{lab.url}/?project=vision")
    user = Actions(browser, 3 if screen.is_phone else 2)
    user.click(".layouts a:not([aria-current])")
    if screen.is_phone:  # which has most tools in the settings
        browser.locator("figure .plot canvas").first.wait_for()
        user.click("#chart-settings-button")
    user.choose("select[name=of]", "matches")
    until(lambda: f"median of {COUNT:,} runs" in _label(browser, "val/accuracy"))


def test_all_runs_are_compared_by_one_address(lab: Viewer, browser: Any, screen: Screen) -> None:
    browser.goto(f"{lab.url}/compare?where=config.lr%20%3E%200")
    until(lambda: f"median of {COUNT:,} runs" in _label(browser, "val/accuracy"))
    names = browser.locator("#legend li .clip").all_inner_texts()
    assert len(names) == 10 and {"best 1", "worst 5"} <= {text.rpartition("·")[2].strip() for text in names}
