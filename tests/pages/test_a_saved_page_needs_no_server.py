"""`runicorn export --format page` and `/runs/{id}/page.html`: one file whose charts work without network and server."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis, boards, documents
from runicorn_site.page_file.content import MOST_BYTES
from tests.documents.store import PIXEL
from tests.folders import write_run
from tests.tools.terminal.conftest import call
from tests.waiting import until

HOSTILE = '</script><img src="http://elsewhere.example/x" onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """The page of two runs with hostile texts, NaN and 5,000 points a curve."""
    for number in range(2):
        points = [
            {"loss": math.nan if step == 70 else math.cos(step / 400 + number), "val/acc": step / 5000}
            for step in range(5000)
        ]
        run_id = write_run(
            tmp_path / "store",
            name=f"run-{number}",
            metrics=points,
            config={"lr": 0.1 * (number + 1), "text": HOSTILE},
            logs=f"{HOSTILE}\n\x1b[31mred\n",
        )
        folder = next((tmp_path / "store").glob(f"*/*/runs/{run_id}"))
        (folder / "media" / "samples_1.png").write_bytes(PIXEL)
    formula = {**analysis.empty(), "formulas": {"gap": "val/acc - loss"}}
    analysis.write(analysis.path_of(tmp_path / "store", "vision"), formula)
    target = tmp_path / "page.html"
    call(
        "export",
        "run-0",
        "run-1",
        "--format",
        "page",
        "--output",
        str(target),
        "--storage",
        str(tmp_path / "store"),
    )
    return target


@pytest.fixture
def opened(chromium: Any, page_file: Path) -> Iterator[Any]:
    """The page, opened from the disk with the network cut; what it requests beside itself is in `requested`."""
    context = chromium.new_context(offline=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: requested.append(f"error: {error}"))
    page.goto(f"file://{page_file}")
    page.locator('figure[data-name="loss"] canvas').first.wait_for()
    yield page
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    context.close()


@pytest.mark.journey
def test_charts_are_drawn_and_zoomed_offline(opened: Any, page_file: Path) -> None:
    assert page_file.stat().st_size < MOST_BYTES * 1.06
    loss = opened.locator('figure[data-name="loss"]')
    box = loss.locator(".plot").bounding_box()
    whole = opened.get_by_role("button", name="Show everything")
    opened.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    opened.mouse.up()
    whole.wait_for(state="visible")
    whole.click()
    whole.wait_for(state="hidden")
    formula = opened.locator('figure[data-name="gap"] .plot')
    formula.scroll_into_view_if_needed()
    until(lambda: "5,000 points" in (formula.get_attribute("aria-label") or ""))
    opened.get_by_placeholder("Filter charts").fill("acc")
    loss.wait_for(state="hidden")


@pytest.mark.journey
def test_texts_of_runs_stay_texts(opened: Any) -> None:
    assert opened.title() == "2 runs · Runicorn"
    assert opened.locator("img[src^='http']").count() == 0
    assert HOSTILE in opened.locator("td").all_text_contents()
    assert HOSTILE in opened.locator("pre.log").first.text_content()


@pytest.mark.journey
def test_a_saved_document_has_its_charts_offline(chromium: Any, viewer: Any, tmp_path: Path) -> None:
    ids = [
        write_run(
            viewer.root, "saved", f"run-{number}", metrics=[{"loss": step * number} for step in range(50)]
        )
        for number in (1, 2)
    ]
    text = f"Hello\n\n```chart\nmetrics: loss\nruns: {ids[0]}, {ids[1]}\n```\n```runs\n```\n"
    documents.write(viewer.root, "saved", documents.REPORTS, "main", documents.Document("Weekly", text))
    until(lambda: ok(viewer.get("/projects/saved/reports/main/page.html"), 'data-name="loss"'))
    target = tmp_path / "report.html"
    words = ("export", "--project", "saved", "--document", "reports/main", "--output", str(target))
    call(*words, "--url", viewer.url)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: requested.append(f"error: {error}"))
    page.goto(f"file://{target}")
    page.locator('figure[data-name="loss"] canvas').first.wait_for()
    assert page.locator(".block-legend a").count() == 2
    page.locator(".plot[aria-label*='run-2']").wait_for()
    box = page.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=5)
    page.mouse.up()
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_a_document_is_exported_by_a_viewer_of_its_store(viewer: Any, tmp_path: Path) -> None:
    write_run(viewer.root, "told", metrics=[{"loss": 1.0}])
    documents.write(
        viewer.root, "told", documents.NOTEBOOK, "day", documents.Document("A day", "Warmup held.")
    )
    until(lambda: viewer.get("/projects/told/notebook/day").status_code == 200)
    words = ["export", "--project", "told", "--output", str(tmp_path)]
    (file,) = call(*words, "--document", "notebook/day.md", "--url", viewer.url, "--json")["files"]
    assert Path(file) == tmp_path / "day.html" and "Warmup held." in Path(file).read_text()
    missing = call(*words, "--document", "notebook/other", "--url", viewer.url, code=2)
    assert missing == "runicorn: Document not found: told/notebook/other\n"
    wrong = call(*words, "--document", "boards/day", "--url", viewer.url, code=2)
    assert wrong == "runicorn: boards/day is no document: give reports/NAME or notebook/NAME\n"
    call(*words, "--document", "notebook/day", "--storage", str(viewer.root))
    write_run(tmp_path / "other")
    none = call(*words, "--document", "notebook/day", "--storage", str(tmp_path / "other"), code=4)
    assert "start one with runicorn viewer" in none and none.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".html"] == ["day.html"]


@pytest.mark.journey
def test_a_board_is_saved_from_its_menu(chromium: Any, viewer: Any, tmp_path: Path) -> None:
    run_id = write_run(
        viewer.root, "boards", metrics=[{"loss": float(step), "acc": 1.0} for step in range(20)]
    )
    board = {"title": "Mine", "pinned": ["acc"], "sections": [{"items": [{"markdown": "**Look here**"}]}]}
    boards.write(viewer.root, "boards", "default", board)
    until(lambda: ok(viewer.get("/?layout=charts&project=boards"), "Mine"))
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{viewer.url}/?layout=charts&project=boards")
    page.locator('figure[data-name="loss"] canvas').first.wait_for()
    page.get_by_role("button", name="Mine").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as one page").click()
    target = tmp_path / "board.html"
    download.value.save_as(target)
    context.set_offline(True)
    page.goto(f"file://{target}")
    page.locator('figure[data-name="acc"] canvas').first.wait_for()
    order = page.locator("#charts").evaluate(
        "e => [...e.children].map((c) => c.dataset.name ?? c.textContent)"
    )
    assert order[:2] == ["Pinned", "acc"] and "Look here" in [text.strip() for text in order]
    assert page.locator("h1").text_content() == "Mine" and run_id in page.locator(".runs").text_content()
    context.close()


def ok(answer: Any, part: str) -> str:
    return str(answer.text) if answer.status_code == 200 and part in answer.text else ""


def test_the_server_sends_the_same_page_in_a_sandbox(viewer: Any) -> None:
    run_id = write_run(viewer.root, metrics=[{"loss": 1.0}], config={"lr": 0.125})
    answer = viewer.get(f"/runs/{run_id}/page.html")
    assert answer.status_code == 200 and '"name":"loss"' in answer.text and "0.125" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; script-src 'sha256-")
    tag = answer.headers["ETag"]
    assert viewer.get(f"/runs/{run_id}/page.html", headers={"If-None-Match": tag}).status_code == 304
    assert viewer.get("/runs/20260101_000000_abcdef/page.html").status_code == 404
