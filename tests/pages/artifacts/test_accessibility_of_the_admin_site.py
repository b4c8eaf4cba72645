"""The admin site has the frame, the theme and the font of the other pages, and axe-core finds no violation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import runicorn as rn
from tests.browser import careful_page
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.waiting import until

LOOK = """() => [getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).fontFamily,
    document.querySelectorAll("nav.rail a, .top input[name=q]").length, document.documentElement.dataset.theme ?? ""]"""
LISTS = ("runs/run", "artifacts/artifact", "artifacts/version", "artifacts/use")


def test_admin_pages_look_like_the_other_pages_and_have_no_violation(
    chromium: Any, viewer: Viewer, run: rn.Run, write: Callable[..., Path]
) -> None:
    run.log_artifact(rn.Artifact("m", metadata={"acc": 0.5}).add_file(write("m.bin", "m")).add_tags("best"))
    # The page of the artifact ingests what the run made.
    until(lambda: f"/runs/{run.id}" in viewer.get("/artifacts/model/m").text)
    until(lambda: "made m:v1" in viewer.get("/admin/artifacts/use/").text)
    with careful_page(chromium, bypass_csp=True) as page:
        page.goto(viewer.url + "/settings")
        page.context.add_cookies([{"name": "runicorn_theme", "value": "dark", "url": viewer.url}])
        page.reload()
        look = page.evaluate(LOOK)
        assert look[-1] == "dark"
        for address in ("", "artifacts/"):
            page.goto(f"{viewer.url}/admin/{address}")
            assert page.evaluate(LOOK) == look
            assert violations(page) == {}, address
        page.context.clear_cookies()
        for address in LISTS:
            page.goto(f"{viewer.url}/admin/{address}/")
            assert violations(page) == {}, address
            page.locator("#result_list tbody a").first.click()
            page.wait_for_url("**/change/**")
            assert violations(page) == {}, address
            page.locator(".historylink").click()
            page.wait_for_url("**/history/**")
            assert page.locator(".breadcrumbs").count() == 1
        assert violations(page) == {}
