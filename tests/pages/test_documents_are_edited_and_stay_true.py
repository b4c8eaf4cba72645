"""A document is edited beside its view, and shows changes of others and new points of running runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runicorn.store.project import documents
from runicorn.store.project.documents import Document
from tests.folders import write_run
from tests.waiting import until

pytestmark = pytest.mark.journey


def test_an_entry_is_written_beside_its_view(chromium: Any, viewer: Any) -> None:
    write_run(viewer.root, "lab", "first", metrics=[{"loss": float(step)} for step in range(20)])
    until(lambda: viewer.get("/projects/lab/notebook").status_code == 200)
    context = chromium.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{viewer.url}/projects/lab/notebook")
    page.locator(".empty").get_by_role("link", name="New entry").click()
    page.get_by_label("Title").fill("Loss falls")
    page.get_by_label("Kind").select_option("decision")
    page.get_by_label("Text in Markdown").fill("We *stop*.\n\n```chart\nmetrics: loss\nruns: latest\n```\n")
    page.locator("#preview em").wait_for()
    page.locator('#preview figure[data-name="loss"] canvas').first.wait_for()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/notebook/*-loss-falls")
    page.locator('#document figure[data-name="loss"] canvas').first.wait_for()
    (name,) = documents.names(viewer.root, "lab", documents.NOTEBOOK)
    entry = documents.read(viewer.root, "lab", documents.NOTEBOOK, name)
    assert entry.kind == "decision" and entry.text.startswith("We *stop*.") and entry.authors

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Text in Markdown").fill("Mine.")
    documents.append(viewer.root, "lab", documents.NOTEBOOK, name, "Theirs.", "bo")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Another user changed this document").wait_for()
    assert page.get_by_label("Text in Markdown").input_value() == "Mine."
    assert "Theirs." in documents.read(viewer.root, "lab", documents.NOTEBOOK, name).text

    # It is deleted in the version that was seen, or not at all.
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("alert").wait_for()
    assert documents.names(viewer.root, "lab", documents.NOTEBOOK) == [name]
    page.on("dialog", lambda dialog: dialog.accept())  # the text was changed
    page.reload()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/projects/lab/notebook")
    assert documents.names(viewer.root, "lab", documents.NOTEBOOK) == []
    assert errors == []
    context.close()


def test_changes_by_hand_and_new_points_appear(chromium: Any, viewer: Any) -> None:
    run_id = write_run(viewer.root, "live", "one", status="running", metrics=[{"loss": 1.0}, {"loss": 2.0}])
    text = f"First.\n\n```chart\nmetrics: loss\nruns: {run_id}\n```\n"
    documents.write(viewer.root, "live", documents.REPORTS, "main", Document("Weekly", text))
    until(lambda: viewer.get("/projects/live/reports/main").status_code == 200)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{viewer.url}/projects/live/reports/main")
    page.locator("#document canvas").first.wait_for()
    page.locator("#document .plot").evaluate("e => (e.dataset.same = 1)")
    path = documents.path_of(viewer.root, "live", documents.REPORTS, "main")
    path.write_text(path.read_text().replace("First.", "By hand."))
    page.get_by_text("By hand.").wait_for()
    assert page.locator("#document .plot[data-same]").count() == 1
    (journal,) = viewer.root.glob(f"live/one/runs/{run_id}/events.jsonl")
    with journal.open("a") as file:
        data = {"loss": 7.0, "global_step": 3, "time": 3.0}
        file.write(json.dumps({"ts": 1_800_000_000.0, "type": "metrics", "data": data}) + "\n")
    page.locator(".plot[aria-label*='last 7']").wait_for()
    context.close()
