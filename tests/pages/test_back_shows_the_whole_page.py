"""A page of which a part was fetched since is whole when the browser comes back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until


@pytest.mark.journey("wide")
def test_back_shows_the_whole_table_after_its_rows_were_sorted(
    viewer: Viewer, folder: Path, browser: Any
) -> None:
    for number in range(3):
        write_run(folder, "vision", f"train-{number}", metrics=[{"loss": number}])
    until(lambda: viewer.get("/api/v2/experiments?where=metric.loss.last >= 0").json()["total"] == 3)
    browser.goto(f"{viewer.url}/?project=vision")
    browser.get_by_role("columnheader", name="Name").locator("a").click()
    browser.wait_for_url(lambda url: "sort=" in url)
    sorted_table = browser.url
    browser.locator("#runs a.name").first.click()
    browser.wait_for_url("**/runs/**")
    browser.go_back()
    browser.wait_for_url(sorted_table)
    assert browser.locator("nav.crumbs").count() == 1
    assert browser.locator("#runs a.name").count() == 3


def test_parts_of_pages_are_cached_apart_from_pages(store: Path, client: Client) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.get("/", headers=headers)
        assert "HX-Request" in {name.strip() for name in answer["Vary"].split(",")}
