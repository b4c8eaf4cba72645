"""One box for search and commands: it finds runs, projects, metrics, artifacts, pages, settings and actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runicorn_site.palette.places import PLACES
from tests.folders import write_run
from tests.pages.conftest import CHARTED
from tests.waiting import until

Open = Callable[..., Any]


@pytest.mark.django_db
def test_everything_is_found_by_its_name(store: Path, look: Callable[[], None], client: Client) -> None:
    write_run(store, "quokka", "quokka-run", metrics=[{"quokka/loss": 1.0}])
    look()
    places = client.get("/find?q=quokka").json()["places"]
    assert [place["kind"] for place in places] == ["project", "run", "metric"]
    assert all(client.get(place["url"]).status_code == 200 for place in places)
    labels = {place["label"]: place for place in client.get("/find?q=ssh").json()["places"]}
    assert {"Remote", "Saved hosts"} <= set(labels) and labels["Saved hosts"]["url"].endswith("#hosts-title")


@pytest.mark.django_db
def test_runs_of_equal_names_are_told_apart_and_compared_with_the_baseline(
    store: Path, look: Callable[[], None], client: Client
) -> None:
    runs = [
        write_run(
            store,
            "vision",
            "net",
            config={"lr": lr, "seed": seed},
            metrics=[{"val_acc": accuracy + seed / 1000}],
            created_at=1.7e9 + lr + seed,
        )
        for lr, accuracy in ((1, 0.9), (2, 0.5))
        for seed in range(2)
    ]
    look()
    address = "/api/v2/projects/vision/baseline"
    client.put(address, {"run_ids": runs[:2]}, content_type="application/json")
    details = [place["detail"] for place in client.get("/find?q=net").json()["places"]]
    assert len(set(details)) == len(runs) and all("vision" in detail for detail in details)
    worse = [detail for detail in details if "val_acc.best: worse by" in detail]
    assert len(worse) == 2 and all("lr=2" in detail for detail in worse)


@pytest.mark.django_db
def test_every_section_that_is_offered_is_on_its_page(store: Path, client: Client) -> None:
    settings = client.get("/settings").content.decode()
    for place in PLACES:
        if place.section:
            assert f'id="{place.section}"' in settings, place.label


def test_the_first_escape_closes_it(open_page: Open) -> None:
    page = open_page("/", size="wide")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search runs, projects")
    field.fill("resnet")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_the_word_dark_finds_the_dark_theme(open_page: Open) -> None:
    page = open_page("/settings", size="wide")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search runs, projects").fill("dark")
    until(lambda: page.locator("#places [aria-selected=true]").inner_text() == "Dark theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_visited_run_is_offered_first(open_page: Open) -> None:
    page = open_page(f"/runs/{CHARTED}", size="wide")
    page.get_by_role("tablist").wait_for()
    page.locator("nav.rail").get_by_role("link", name="Alerts").click()
    page.wait_for_url("**/alerts")
    page.keyboard.press("/")
    selected = page.locator("#places [aria-selected=true]")
    assert selected.locator("bdi").inner_text() == "resnet"
    assert page.locator("#places .title").first.inner_text() == "Recent"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{CHARTED}")
