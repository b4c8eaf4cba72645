"""Groups of the runs table in the real browser: seeds in one click, opened in place, selected, a baseline in two."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis
from tests.folders import write_run
from tests.processes import Viewer
from tests.screens import Screen, open_filters
from tests.waiting import until

pytestmark = pytest.mark.journey
RATES = (0.3, 0.1, 0.03, 0.01)
SEEDS = 5


@pytest.fixture
def runs(folder: Path) -> dict[float, list[str]]:
    """Four learning rates with five seeds, 0.03 the best by far."""
    source = random.Random(7)
    return {
        rate: [
            write_run(
                folder,
                "vision",
                "train",
                created_at=1_767_000_000 + 10 * number + seed,
                config={"lr": rate, "seed": seed},
                metrics=[{"val_acc": 0.9 - 2 * abs(rate - 0.03) + source.gauss(0, 0.004)} for _ in range(2)],
            )
            for seed in range(SEEDS)
        ]
        for number, rate in enumerate(RATES)
    }


@pytest.fixture
def open_table(
    runs: dict[float, list[str]], start_viewer: Callable[..., Viewer], browser: Any, screen: Screen
) -> Callable[[str], Any]:
    """`open_table("&group=replicas")`: the table of the runs, once all of them are listed with their metrics."""
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")

    def go(query: str = "") -> Any:
        url = "/api/v2/experiments?where=metric.val_acc.last > 0"
        until(lambda: viewer.get(url).json()["total"] == len(RATES) * SEEDS)
        browser.goto(f"{viewer.url}/?project=vision{query}")
        return browser

    return go


def names(page: Any) -> list[str]:
    """Return the names of the groups in their order."""
    return [text.strip() for text in page.locator("tr.group-row a.name bdi").all_inner_texts()]


def invalid(page: Any) -> list[str]:
    """Return the ids of the fields that are marked as malformed."""
    marked = page.locator("input[aria-invalid=true]")
    return list(marked.evaluate_all("fields => fields.map(field => field.id)"))


def test_the_malformed_condition_is_marked(open_table: Callable[[str], Any]) -> None:
    page = open_table("&group=replicas")
    open_filters(page)
    page.fill("#having", "lr > 1")
    page.keyboard.press("Enter")
    until(lambda: invalid(page) == ["having"])
    page.fill("#having", "n > 1")
    page.keyboard.press("Enter")
    until(lambda: not invalid(page))
    page.fill("#where", "status <")
    page.keyboard.press("Enter")
    until(lambda: invalid(page) == ["where"])


def test_seeds_are_grouped_opened_and_selected(
    runs: dict[float, list[str]], open_table: Callable[[str], Any]
) -> None:
    page = open_table("")
    page.locator("#group-seeds").click()  # one click: mean ± std of each setting
    until(lambda: sorted(names(page)) == sorted(f"lr {rate:g}" for rate in RATES))
    best = page.locator("tr.group-row", has_text="lr 0.03")
    assert "±" in best.locator(".c-best").inner_text()
    best.locator("a.name").focus()
    page.keyboard.press("ArrowRight")
    until(lambda: page.locator("tr.inside").count() == SEEDS)
    assert {row.get_attribute("id") for row in page.locator("tr.inside").all()} == {
        f"run-{run}" for run in runs[0.03]
    }
    # The row was replaced in place, and keeps the focus.
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("x")
    until(lambda: page.locator("input.pick:checked").count() == SEEDS)
    assert f"{SEEDS} " in page.locator("#selection output").inner_text()
    page.locator("tr.inside input.pick").first.uncheck()
    box = best.locator("input.pick-group")
    assert box.evaluate("box => box.indeterminate") and not box.is_checked()
    page.keyboard.press("Escape")
    page.reload()
    until(lambda: page.locator("tr.inside").count() == SEEDS)  # the address has the state
    page.go_back()
    until(
        lambda: page.locator("tr.group-row").count() == len(RATES) and not page.locator("tr.inside").count()
    )


def test_a_baseline_is_set_in_two_clicks_and_read_at_once(
    runs: dict[float, list[str]], folder: Path, open_table: Callable[[str], Any]
) -> None:
    page = open_table("&group=replicas&sort=-best")
    until(lambda: names(page) == ["lr 0.03", "lr 0.01", "lr 0.1", "lr 0.3"])
    row = page.locator("tr.group-row", has_text="lr 0.1")
    row.locator("input.pick-group").click()  # 1
    until(lambda: page.locator("#selection output").inner_text() == f"{SEEDS} runs selected", timeout=20)
    page.locator("#set-baseline").click()  # 2
    verdicts = page.locator("tr.group-row .c-verdict")
    until(lambda: verdicts.count() == len(RATES))
    marks = [text.strip() for text in verdicts.locator("> :first-child").all_inner_texts()]
    assert marks[0].startswith("✓ +") and marks[2] == "baseline" and marks[3].startswith("✗ −")
    sentences = [text.strip() for text in verdicts.locator(".for-readers").all_text_contents()]
    assert "better by" in sentences[0] and "worse by" in sentences[-1]
    assert all("better by" not in text for text in marks)
    assert set(analysis.read(folder, "vision")["baseline"]) == set(runs[0.1])


def test_groups_are_shown_by_another_statistic_and_nested(open_table: Callable[[str], Any]) -> None:
    page = open_table("&group=config.lr&sort=-best")
    until(lambda: names(page)[:1] == ["0.03"])
    page.locator("#grouping summary").click()
    page.locator("#grouping").get_by_role("link", name="median").click()
    page.wait_for_url("**statistic=median**")
    assert "±" not in page.locator("tr.group-row .c-best").first.inner_text()
    page.locator("#grouping summary").click()
    page.locator("#grouping").get_by_role("link", name="then by").last.click()
    page.wait_for_url("**%2C**")
    until(lambda: page.locator(".grouping .chip").count() == 2)
