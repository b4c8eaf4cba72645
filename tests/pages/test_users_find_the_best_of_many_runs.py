"""Journeys over 300 runs, counted in actions: the best run, the best setting, a table for a paper."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.screens import Screen
from tests.waiting import until

pytestmark = pytest.mark.journey
RATES = (0.3, 0.1, 0.03, 0.01, 0.003)
OPTIMIZERS = ("adam", "lion", "sgd")
SEEDS = 20


def test_the_best_of_300_runs_and_a_table_for_a_paper(
    folder: Path, start_viewer: Callable[..., Any], browser: Any, screen: Screen
) -> None:
    source = random.Random(11)
    best, value = "", 0.0
    for rate in RATES:
        for optimizer in OPTIMIZERS:
            for seed in range(SEEDS):
                accuracy = 0.9 - abs(rate - 0.03) - 0.1 * (optimizer == "sgd") + source.gauss(0, 0.004)
                config = {"lr": rate, "optim": optimizer, "seed": seed}
                run = write_run(folder, "vision", "train", config=config, metrics=[{"val_acc": accuracy}])
                if accuracy > value:
                    best, value = run, accuracy
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    everything = "/api/v2/experiments?project=vision&where=metric.val_acc.last > 0"
    until(lambda: viewer.get(everything).json()["total"] == 300)

    page = browser
    page.goto(f"{viewer.url}/?project=vision")
    if screen.is_phone:
        page.locator("select[name=sort]").select_option("-best")  # 1
    else:
        page.locator("th[data-key=best] a").click()  # 1
    until(lambda: page.locator("tbody tr").first.get_attribute("id") == f"run-{best}")
    page.locator("#group-seeds").click()  # 2
    until(lambda: page.locator("tr.group-row").count() == len(RATES) * len(OPTIMIZERS))
    first = page.locator("tr.group-row").first
    assert "lr 0.03, optim" in first.locator("a.name").inner_text() and "sgd" not in first.inner_text()
    assert "20" in first.locator(".c-n").inner_text() and "±" in first.locator(".c-best").inner_text()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{viewer.url}/projects/vision/groups")
    page.locator("select[name=by]").select_option("config.lr")  # 1
    page.locator("select[name=columns]").select_option("config.optim")  # 2
    page.get_by_role("button", name="Show", exact=True).click()  # 3
    page.get_by_role("button", name="LaTeX").click()  # 4
    latex = page.locator("#pivot-latex").text_content()
    assert until(lambda: page.evaluate("navigator.clipboard.readText()")).strip() == latex.strip()
    assert latex.startswith(r"\begin{tabular}{lrrr}") and r"\mathbf{" in latex
    lines = [line for line in latex.splitlines() if "&" in line]
    assert len(lines) == 1 + len(RATES) and all(
        line.count("&") == 3 and line.endswith(r"\\") for line in lines
    )
