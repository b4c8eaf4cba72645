"""Verdicts on the baseline of a project: in the legends of charts, in the list beside them, in the summary of a run."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runicorn.store.project import analysis
from tests.folders import write_run
from tests.pages.markup import Markup
from tests.processes import Viewer
from tests.screens import Screen
from tests.waiting import until

RATES = (0.3, 0.1, 0.03)
SEEDS = 3


def write(folder: Path) -> dict[float, list[str]]:
    """Three learning rates with three seeds each, 0.03 the best by far; the baseline is 0.1."""
    source = random.Random(7)
    runs = {
        rate: [
            write_run(
                folder,
                "vision",
                f"train-{rate}-{seed}",
                created_at=1_767_000_000 + 10 * number + seed,
                config={"lr": rate, "seed": seed},
                metrics=[
                    {"val/acc": (0.9 - 2 * abs(rate - 0.03) + source.gauss(0, 0.004)) * part, "epoch": 1.0}
                    for part in (0.5, 1)
                ],
            )
            for seed in range(SEEDS)
        ]
        for number, rate in enumerate(RATES)
    }
    analysis.update(folder, "vision", lambda content: content.update({**content, "baseline": runs[0.1]}))
    return runs


@pytest.fixture
def runs(store: Path, look: Callable[[], None]) -> dict[float, list[str]]:
    runs = write(store)
    look()
    return runs


def address(runs: dict[float, list[str]], *ids: str, **more: str) -> str:
    query = {"runs": ",".join(ids), "names": "val/acc", "against": ",".join(runs[0.1]), **more}
    return "/series/verdicts?" + "&".join(f"{name}={value}" for name, value in query.items() if value)


@pytest.mark.django_db
def test_each_run_of_a_chart_gets_a_verdict_on_each_metric(
    runs: dict[float, list[str]], client: Client
) -> None:
    ids = (runs[0.3][0], runs[0.1][0], runs[0.03][0])
    answer = client.get(address(runs, *ids, column="val/acc.best"))
    metrics = answer.json()["metrics"]
    assert [metric["name"] for metric in metrics] == ["val/acc", "val/acc.best"]
    verdicts = {entry["id"]: entry for entry in metrics[0]["verdicts"]}
    assert [verdicts[run]["verdict"] for run in ids] == ["worse", "within_noise", "better"]
    best = verdicts[runs[0.03][0]]
    assert best["short"].startswith("✓ +1") and best["short"].endswith(" %? at best")
    sentence, values = best["text"].split("\n")
    assert sentence.startswith("val/acc.best: better by 1") and sentence.endswith("if more is better?")
    assert "against the baseline 0.7" in values and "(+1" in values
    chinese = client.get(address(runs, *ids), headers={"Accept-Language": "zh-CN"}).json()
    texts = [entry["text"] for entry in chinese["metrics"][0]["verdicts"]]
    assert any("基线" in text for text in texts)
    again = client.get(address(runs, *ids, column="val/acc.best"), headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


@pytest.mark.django_db
def test_a_run_that_collapsed_has_the_same_verdict_in_the_table_and_in_charts(
    store: Path, look: Callable[[], None], page: Callable[..., Markup], client: Client
) -> None:
    """The table judges the best value of the primary metric."""
    runs = write(store)
    summary = {"best_metric_name": "val/acc", "best_metric_value": 0.99, "best_metric_mode": "max"}
    metrics = [{"val/acc": value} for value in (0.5, 0.99, 0.01)]
    collapsed = write_run(store, "vision", "collapsed", metrics=metrics, summary=summary)
    look()
    text = client.get(f"/?project=vision&runs={collapsed}").content.decode()
    assert "val/acc.best: better by" in text
    (metric,) = client.get(address(runs, collapsed)).json()["metrics"]
    assert [entry["verdict"] for entry in metric["verdicts"]] == ["better"]
    assert metric["verdicts"][0]["short"].endswith(" at best")
    (accuracy, *_) = page(f"/runs/{collapsed}/baseline").texts("dd")
    assert "better by" in accuracy


@pytest.mark.django_db
def test_groups_of_a_chart_are_compared_as_wholes(runs: dict[float, list[str]], client: Client) -> None:
    (metric,) = client.get(address(runs, project="vision", group_by="config.lr")).json()["metrics"]
    verdicts = {entry["key"]["config.lr"]: entry for entry in metric["verdicts"]}
    assert {rate: verdicts[rate]["verdict"] for rate in RATES} == {
        0.3: "worse",
        0.1: "baseline",
        0.03: "better",
    }
    assert "(3 and 3 seeds)" in verdicts[0.03]["text"] and verdicts[0.1]["short"] == "baseline"


@pytest.mark.django_db
def test_a_request_without_runs_or_baseline_is_answered(runs: dict[float, list[str]], client: Client) -> None:
    assert client.get("/series/verdicts?names=loss").status_code == 400
    assert client.get(address(runs, "20260101_000000_aaaaaa")).json() == {"metrics": []}
    (metric,) = client.get(address(runs, runs[0.3][0], names="nothing")).json()["metrics"]
    assert metric == {"name": "nothing", "verdicts": []}
    assert client.get(address(runs, runs[0.3][0], against="20260101_000000_aaaaaa")).status_code == 404


@pytest.mark.django_db
def test_the_summary_of_a_run_has_differences_and_verdicts(
    runs: dict[float, list[str]], page: Callable[..., Markup], client: Client
) -> None:
    run = runs[0.3][0]
    assert f"/runs/{run}/baseline" in client.get(f"/runs/{run}").content.decode()
    texts = page(f"/runs/{run}/baseline").texts("dt")
    assert texts == ["val/acc best", "epoch last"]
    (accuracy, _) = page(f"/runs/{run}/baseline").texts("dd")
    assert "worse by" in accuracy and " %)" in accuracy
    client.put("/api/v2/projects/vision/baseline", {"run_ids": [run]}, content_type="application/json")
    assert f"/runs/{run}/baseline" not in client.get(f"/runs/{run}").content.decode(), (
        "it is the baseline itself"
    )
    assert not page(f"/runs/{run}/baseline").texts("dt")


@pytest.fixture
def site(folder: Path, start_viewer: Callable[..., Viewer]) -> tuple[Viewer, dict[float, list[str]]]:
    """A viewer of the runs, once it has their metrics."""
    runs = write(folder)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    url = "/api/v2/experiments?where=metric.epoch.last > 0"
    until(lambda: viewer.get(url).json()["total"] == len(RATES) * SEEDS)
    return viewer, runs


def requests_of(page: Any) -> list[str]:
    """Return the addresses of the requests for verdicts from now on."""
    addresses: list[str] = []
    page.on("request", lambda request: "/verdicts?" in request.url and addresses.append(request.url))
    return addresses


@pytest.mark.journey
def test_legends_of_the_workspace_say_which_run_is_better(
    site: tuple[Viewer, dict[float, list[str]]], browser: Any, screen: Screen
) -> None:
    viewer, runs = site
    requests = requests_of(browser)
    browser.goto(f"{viewer.url}/?project=vision&layout=charts")
    better, worse = (browser.locator(f"#run-{runs[rate][0]} .value .verdict") for rate in (0.03, 0.3))
    until(lambda: better.count() == 1 and worse.count() == 1)
    assert "better" in better.get_attribute("class") and "worse" in worse.get_attribute("class")
    assert "val/acc.best: better by" in better.get_attribute("title")
    assert "better by" in better.locator(".for-readers").text_content()
    assert len(requests) == 1, "one request for all charts"
    plot = browser.locator("figure[data-name='val/acc'] .plot")
    assert "val/acc.best: worse by" in plot.get_attribute("aria-label")
    plot.hover()
    until(lambda: browser.locator(".readout:visible .verdict").count() > 1)
    browser.goto(f"{viewer.url}/?project=vision&layout=charts&full=val%2Facc")
    until(lambda: browser.locator("figure .side-legend .verdict").count() == len(RATES) * SEEDS)


@pytest.mark.journey
def test_groups_have_verdicts_in_their_legend(
    site: tuple[Viewer, dict[float, list[str]]], browser: Any, screen: Screen
) -> None:
    viewer, _ = site
    browser.goto(f"{viewer.url}/?project=vision&layout=charts&group=config.lr")
    legend = browser.locator("#legend li")
    until(lambda: browser.locator("#legend .verdict").count() == len(RATES))
    texts = {entry.locator(".clip").first.text_content(): entry.inner_text() for entry in legend.all()}
    assert "✓" in texts["lr 0.03 (3)"] and "✗" in texts["lr 0.3 (3)"] and "baseline" in texts["lr 0.1 (3)"]


@pytest.mark.journey
def test_the_page_of_a_run_compares_it_with_the_baseline(
    site: tuple[Viewer, dict[float, list[str]]], browser: Any, screen: Screen
) -> None:
    viewer, runs = site
    requests = requests_of(browser)
    browser.goto(f"{viewer.url}/runs/{runs[0.03][0]}?pane=charts")
    mark = browser.locator("figure[data-name='val/acc'] output .verdict")
    until(lambda: mark.count() == 1)
    assert mark.inner_text().startswith("✓ +") and "against the baseline" in mark.get_attribute("title")
    browser.locator("#tab-summary").click()
    summary = browser.locator("#summary .beside-baseline")
    until(lambda: "better by" in summary.inner_text())
    assert len(requests) == 1
