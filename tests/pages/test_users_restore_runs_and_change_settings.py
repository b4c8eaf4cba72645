"""The quiet pages in the real browser: the recycle bin, the settings and the system page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runicorn.store import layout
from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

pytestmark = pytest.mark.journey
GROUND = "getComputedStyle(document.documentElement).backgroundColor"


def test_runs_are_restored_and_the_bin_is_emptied(viewer: Viewer, browser: Any, folder: Path) -> None:
    names = ["first", "second", "third"]
    ids = [write_run(folder, "p", name) for name in names]
    assert all(viewer.get(f"/api/runs/{run_id}").status_code == 200 for run_id in ids)
    viewer.post("/api/runs/soft-delete", json={"run_ids": ids})
    browser.goto(f"{viewer.url}/recycle-bin")
    browser.get_by_label(f"Select first {ids[0]}").check()
    browser.locator("#selection").get_by_role("button", name="Restore").click()
    browser.get_by_text("1 run restored.").wait_for()
    browser.get_by_label(f"Restore second {ids[1]}").click()
    until(lambda: browser.locator("b.name").all_inner_texts() == ["third"])
    browser.locator("summary", has_text="Empty recycle bin").click()
    browser.get_by_role("button", name="Empty recycle bin").click()  # the browser asks for the tick first
    assert (folder / "p" / "third").exists()
    browser.get_by_label("Yes, delete the files").check()
    browser.get_by_role("button", name="Empty recycle bin").click()
    browser.get_by_text("1 run permanently deleted.").wait_for()
    browser.get_by_role("heading", name="The recycle bin is empty").wait_for()
    assert [run["name"] for run in viewer.get("/api/runs?order_by=name").json()] == ["second", "first"]


def test_long_names_in_the_bin_show_their_ends(viewer: Viewer, browser: Any, folder: Path) -> None:
    ids = [write_run(folder, "p", f"{'n' * 90}-seed-{seed}") for seed in range(2)]
    assert all(viewer.get(f"/api/runs/{run_id}").status_code == 200 for run_id in ids)
    viewer.post("/api/runs/soft-delete", json={"run_ids": ids})
    browser.goto(f"{viewer.url}/recycle-bin")
    ends = browser.locator("b.name .end").all()
    assert len(ends) == 2 and all(end.bounding_box()["width"] > 20 for end in ends)


def test_the_theme_and_the_storage_root_are_changed(
    viewer: Viewer, browser: Any, tmp_path: Path, folder: Path
) -> None:
    other = tmp_path / "other"
    write_run(other, "elsewhere", "found")
    browser.goto(f"{viewer.url}/settings")
    browser.get_by_role("radio", name="Dark").check()
    browser.get_by_role("radio", name="Roomy").check()
    browser.get_by_role("button", name="Save").click()
    browser.get_by_text("Saved.").wait_for()
    until(lambda: browser.evaluate(GROUND) == "rgb(21, 21, 23)")
    browser.get_by_label("Folder", exact=True).fill(str(other))
    browser.get_by_role("button", name="Check", exact=True).click()
    browser.get_by_text("contains 1 run.").wait_for()
    assert viewer.get("/api/config").json()["storage"] == str(folder)
    browser.get_by_role("button", name="Use this folder").click()
    browser.locator(".about").get_by_text(str(other)).first.wait_for()
    browser.get_by_role("link", name="Admin site").click()
    browser.wait_for_url("**/admin/")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 21, 23)"
    browser.goto(viewer.url)
    browser.get_by_role("link", name="found").wait_for()
    assert browser.evaluate("document.documentElement.dataset.density") == "roomy"


def test_the_end_of_a_check_of_the_store_appears_without_a_reload(
    viewer: Viewer, browser: Any, folder: Path
) -> None:
    (run,) = folder.glob(f"p/slow/runs/{write_run(folder, 'p', 'slow')}")
    # Takes seconds to read, and has another digest than its name says.
    digest, size = "0" * 64, 1 << 30
    pack = run / layout.SOURCES / f"{digest}.zip"
    pack.parent.mkdir()
    with pack.open("wb") as file:
        file.truncate(size)
    layout.write_json(run / layout.SOURCES_FILE, {"head": digest, "packs": {digest: size}})
    kinds: list[str] = []
    browser.goto(f"{viewer.url}/settings")
    browser.on("request", lambda request: kinds.append(request.resource_type))
    browser.get_by_role("button", name="Check all contents").click()
    browser.get_by_text("Checking…").wait_for()
    assert browser.get_by_role("button", name="Check sizes").count() == 0
    browser.get_by_text("Checked runs: 1").wait_for()
    assert "1 error" in browser.locator("[role=status]", has_text="Checked runs: 1").inner_text()
    assert kinds.count("document") == 2, "of the form and the page that it leads to"
    assert kinds.count("fetch") > 0
    # A page that is opened meanwhile shows the same.
    browser.get_by_role("button", name="Check all contents").click()
    browser.goto(f"{viewer.url}/settings")
    browser.get_by_text("Checking…").wait_for()
    browser.get_by_text("Checked runs: 1").wait_for()
    assert browser.url.endswith("/settings")
    # The form that came with the end works.
    browser.get_by_role("button", name="Check sizes").click()
    until(lambda: "0 errors" in browser.locator("[role=status]", has_text="Checked runs").inner_text())


def test_the_system_page_updates_live(busy_site: Viewer, browser: Any) -> None:
    browser.goto(f"{busy_site.url}/system")
    browser.get_by_role("heading", name="Memory %").wait_for()
    began = browser.locator("#figures").get_attribute("data-at")
    until(lambda: browser.locator("#figures").get_attribute("data-at") != began)
    assert browser.locator("#history figure").count() == 2
    assert browser.locator("#stale").is_hidden()
