"""The main task in a real browser: find a model, preview a file, describe it, set an alias, delete and restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.axe import FILE
from tests.pages.test_accessibility_of_pages import RUN as AXE
from tests.pages.test_pages_fit_every_screen import FAINT_TEXT
from tests.processes import Viewer
from tests.screens import Screen, fits_the_screen
from tests.waiting import until


def fits(page: Any) -> None:
    """Nothing sticks out, all text can be read, and axe finds nothing."""
    page.wait_for_load_state()  # elements are there before the style sheets
    until(lambda: fits_the_screen(page))
    assert page.evaluate(FAINT_TEXT) == []
    if FILE.exists():
        page.evaluate(FILE.read_text(encoding="utf-8"))
        assert page.evaluate(AXE) == []


@pytest.mark.journey
def test_a_model_is_found_described_and_given_an_alias(
    chromium: Any, screen: Screen, viewer: Viewer, run: rn.Run, write: Callable[..., Path]
) -> None:
    from tests.browser import careful_page

    run.log_artifact(rn.Artifact("data", "dataset").add_file(write("d.csv", "a,b\n1,2\n")))
    run.use_artifact("data:latest")
    long = "x" * 128
    run.log_artifact(rn.Artifact(long, "code").add_file(write("d.csv", "a,b\n1,2\n")))
    for number in (1, 2):
        artifact = rn.Artifact("net", metadata={"score": number}).add_file(
            write("w.txt", f"weights {number}")
        )
        run.log_artifact(artifact.add_file(write("same.json", '{"a":1}')))
    with careful_page(chromium, bypass_csp=True, reduced_motion="reduce", **screen.options) as page:
        page.goto(f"{viewer.url}/artifacts")
        fits(page)
        page.locator("#search").click()
        page.keyboard.type("net")
        until(lambda: page.locator("a.name").count() == 1 and page.url.endswith("?q=net"))
        page.get_by_role("link", name="net", exact=True).click()
        page.get_by_label("New alias", exact=True).fill("best")
        page.get_by_role("button", name="Add").click()
        until(lambda: page.locator("#aliases b").all_inner_texts() == ["best"])
        fits(page)
        page.get_by_role("button", name="Compare").click()
        until(lambda: page.locator("tr.changed").count() == 2)
        fits(page)
        for address in (f"code/{long}", f"code/{long}/v1"):
            page.goto(f"{viewer.url}/artifacts/{address}")
            fits(page)
        page.goto(f"{viewer.url}/artifacts/model/net/v2")
        page.get_by_label("Filter metadata").fill("nothing like it")
        page.get_by_role("region", name="Metadata").get_by_text("No matches.").wait_for()
        page.get_by_label("Filter metadata").fill("score")
        page.locator("dl > div", has_text="score").wait_for()
        page.get_by_role("link", name="w.txt", exact=True).click()
        page.locator("#preview pre", has_text="weights 2").wait_for()
        page.get_by_text("Add description and tags").click()
        page.get_by_label("Description").fill("The best one.")
        page.keyboard.press("Control+Enter")
        page.get_by_text("Edit description and tags").wait_for()
        assert page.locator(".description").inner_text() == "The best one."
        page.get_by_text("Change", exact=True).click()
        page.get_by_label("New stage").select_option("staging")
        fits(page)
        page.get_by_role("button", name="Change stage").click()
        page.locator(".stage span", has_text="staging").first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download", exact=True).first.click()
        assert download.value.suggested_filename == "net-v2.zip"
        fits(page)
        page.get_by_role("button", name="Delete").click()
        page.locator(".run-header .notice").wait_for()
        page.get_by_role("button", name="Restore").click()
        page.locator(".drawing a", has_text="data:v1").click()
        page.wait_for_url("**/artifacts/dataset/data/v1")
