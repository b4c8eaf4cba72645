"""A saved document or board has the points of the live page over every axis, smoothed and not, without a server."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from runicorn.store.project import analysis, boards, documents
from tests.folders import append_metrics, write_run
from tests.waiting import until

pytestmark = pytest.mark.journey
BEGIN = 1_768_404_645.0
FIGURES = "[...document.querySelectorAll('figure[data-name]')].filter((figure) => figure.checkVisibility())"
TABLES = f"""() => {FIGURES}.map((figure) => ({{
    name: figure.dataset.name,
    caption: figure.querySelector(".points caption")?.textContent ?? "",
    rows: [...figure.querySelectorAll(".points tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
    words: figure.querySelector(".plot")?.getAttribute("aria-label") ?? "",
}}))"""
COLOURS = """(selector) => [...document.querySelectorAll(selector)].map(({ style }) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = style.getPropertyValue("--dot") || style.background;
    return getComputedStyle(probe).color;
})"""
"""Colours of runs, in the list of the live page and in the head of a saved one."""
Tables = list[dict[str, Any]]
Read = Callable[[str], Tables]
BLOCKS = (
    ("metrics: loss", "log: on"),
    ("metrics: loss, phase", "x: relative"),
    ("metrics: loss", "x: time", "smoothing: 0.7"),
    ("metrics: loss, val/acc, gap", "x: epoch"),
    ("metrics: loss", "x: epoch", "smoothing: 0.6"),
    ("metrics: loss, val/acc", "x: tokens", "together: on"),
    ("metrics: gap", "smoothing: 0.9"),
    ("metrics: loss", "x: relative", "smoothing: 0.25"),
)
ITEMS: tuple[dict[str, Any], ...] = (
    {"metrics": ["loss"], "x": "relative", "x_log": True, "smoothing": {"method": "gaussian", "sigma": 3}},
    {"metrics": ["tokens"], "x": "time", "smoothing": {"method": "mean", "window": 5}},
    {"metrics": ["gap", "loss"], "x": "tokens", "x_log": True, "y_range": [None, 1]},
    {"match": "^ph", "x_log": True},
    {"metrics": ["val/acc"], "y_log": True, "smoothing": {"method": "time_ema", "weight": 0.99}},
)


def points(number: int, count: int) -> list[dict[str, Any]]:
    noise = random.Random(number)
    return [
        {
            "loss": math.nan if step == 17 else 2 / (step + 1) + noise.random() / 10,
            "val/acc": 1 - 1 / (step + 2),
            "epoch": step * 6 // count,
            "tokens": 1_048_577 * step * (number + 1),
            "phase": "warm" if step * 2 < count else "main",
            **({"stage": "warm" if step * 2 < count else "main"} if number else {}),
        }
        for step in range(1, count + 1)
    ]


@pytest.fixture
def runs(viewer: Any) -> list[str]:
    """Two runs of project `same` that began 1,000 s apart, the second resumed; a formula and a defined x axis."""
    ids = []
    for number in range(2):
        begin = BEGIN + 1000 * number
        run_id = write_run(viewer.root, "same", f"run-{number}", metrics=points(number, 60), created_at=begin)
        meta = viewer.root / "same" / f"run-{number}" / "runs" / run_id / "meta.json"
        defined = {"metrics": {"val/*": {"step_metric": "epoch"}}}
        meta.write_text(json.dumps(json.loads(meta.read_text()) | defined))
        ids.append(run_id)
    resumed = [{"global_step": 30 + i, "loss": 1 / (i + 1), "epoch": 3 + i // 5} for i in range(20)]
    append_metrics(viewer.root, "same", "run-1", ids[1], resumed, BEGIN + 1500)
    formula = {**analysis.empty(), "formulas": {"gap": "val/acc - loss"}}
    analysis.write(analysis.path_of(viewer.root, "same"), formula)
    return ids


@pytest.fixture
def read(chromium: Any) -> Read:
    """Return the data tables of the charts of a page; the network is cut for a file."""

    def tables(address: str) -> Tables:
        context = chromium.new_context(
            offline=address.startswith("file:"), viewport={"width": 1440, "height": 900}
        )
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.locator("figure[data-name] canvas").first.wait_for()
        for i in range(page.evaluate(f"() => {FIGURES}.length")):
            figure = page.evaluate_handle(f"(i) => {FIGURES}[i]", i).as_element()
            figure.scroll_into_view_if_needed()
            figure.wait_for_selector("canvas")
            figure.eval_on_selector("button[aria-label^='Table']", "(button) => button.click()")
        content: Tables = until(lambda: complete(page.evaluate(TABLES)), timeout=30)
        context.close()
        assert errors == []
        return content

    return tables


def complete(tables: Tables) -> Tables | None:
    return tables if tables and all(len(table["rows"]) > 1 for table in tables) else None


def write_document(root: Path, project: str, blocks: tuple[tuple[str, ...], ...]) -> None:
    text = "\n".join("\n".join(["```chart", *lines, "```", ""]) for lines in blocks)
    documents.write(root, project, documents.REPORTS, "main", documents.Document("Weekly", text))


def save_page(viewer: Any, address: str, target: Path, part: str) -> str:
    """Save a page file and return its address."""
    answer = until(lambda: ok(viewer.get(address), part))
    target.write_text(answer, encoding="utf-8")
    return f"file://{target}"


def ok(answer: Any, part: str) -> str:
    return str(answer.text) if answer.status_code == 200 and part in answer.text else ""


def columns(table: dict[str, Any]) -> list[str]:
    heads: list[str] = table["rows"][0]
    return heads


def first_difference(first: dict[str, Any], other: dict[str, Any]) -> Any:
    """Return the first parts of two tables that differ, None for equal tables."""
    for key in ("name", "caption", "words"):
        if first[key] != other[key]:
            return first[key], other[key]
    pairs = zip_longest(first["rows"], other["rows"])
    return next((pair for pair in pairs if pair[0] != pair[1]), None)


def test_a_saved_document_has_the_points_of_the_live_one_over_every_axis(
    viewer: Any, runs: list[str], read: Read, tmp_path: Path
) -> None:
    write_document(viewer.root, "same", tuple((*lines, f"runs: {', '.join(runs)}") for lines in BLOCKS))
    address = "/projects/same/reports/main"
    file = save_page(viewer, f"{address}/page.html", tmp_path / "report.html", 'data-name="gap"')
    live, offline = read(f"{viewer.url}{address}"), read(file)
    assert [table["name"] for table in live] == [
        *("loss", "loss", "phase", "loss", "loss", "val/acc", "gap", "loss", "loss", "gap", "loss")
    ]
    for saved_table, table in zip(offline, live, strict=True):
        assert first_difference(saved_table, table) is None
    heads = [columns(table)[1] for table in live]
    assert heads[4:9] == ["epoch", "epoch", "epoch", "epoch", "tokens"] and heads[1:4] == ["time"] * 3
    # Each run is counted from its own start.
    first = {row[0]: row[1] for row in reversed(live[1]["rows"][1:])}
    assert len(first) == 2 and set(first.values()) == {"1 s"}


def test_a_saved_board_has_the_points_and_the_settings_of_the_live_one(
    viewer: Any, runs: list[str], read: Read, chromium: Any, tmp_path: Path
) -> None:
    board = {"title": "Mine", "pinned": ["val/acc"], "sections": [{"title": "All", "items": list(ITEMS)}]}
    boards.write(viewer.root, "same", "default", board)
    query = urlencode({"layout": "charts", "project": "same", "x": "relative", "smooth": "0.6"})
    until(lambda: ok(viewer.get(f"/?{query}"), "Mine"))
    requests.patch(
        f"{viewer.url}/api/runs/{runs[1]}", json={"color": "#123456"}, timeout=10
    ).raise_for_status()
    until(lambda: ok(viewer.get(f"/?{query}"), "#123456"))
    page = chromium.new_page()
    page.goto(f"{viewer.url}/?{query}")
    page.locator("figure[data-name] canvas").first.wait_for()
    colours = page.evaluate(COLOURS, "#run-list tr .colour")
    assert colours[0] != colours[1] and "rgb(18, 52, 86)" in colours
    page.get_by_role("button", name="Mine").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as one page").click()
    target = tmp_path / "board.html"
    download.value.save_as(target)
    page.close()
    live, offline = read(f"{viewer.url}/?{query}"), read(f"file://{target}")
    by_name = {table["name"]: table for table in offline}
    assert len(live) > len(ITEMS)
    for table in live:
        # The workspace adds the end of the id to every name.
        named = json.loads(re.sub(r"(run-\d) [0-9a-f]{6}", r"\1", json.dumps(table)))
        assert first_difference(by_name[table["name"]], named) is None
    page = chromium.new_page()
    page.goto(f"file://{target}")
    assert page.evaluate(COLOURS, ".runs .dot") == colours
    page.close()
    (duration,) = {table["rows"][0][1] for table in live if table["name"] in ("lr", "tokens", "epoch")}
    assert duration == "time"


@pytest.mark.parametrize("group", ["config.lr", "replicas"])
def test_a_saved_board_has_the_groups_of_the_live_one(
    viewer: Any, read: Read, chromium: Any, tmp_path: Path, group: str
) -> None:
    for number in range(6):
        config = {"lr": [0.1, 0.01][number % 2], "seed": number}
        # Texts have no mean.
        metrics = [{name: row[name] for name in ("loss", "val/acc")} for row in points(number, 40)]
        write_run(
            viewer.root,
            "seeds",
            f"run-{number}",
            metrics=metrics,
            config=config,
            created_at=BEGIN + number,
        )
    query = urlencode({"layout": "charts", "project": "seeds", "group": group, "band": "p25-p75"})
    until(lambda: viewer.get("/api/runs", params={"project": "seeds"}).headers["X-Total-Count"] == "6")
    page = chromium.new_page()
    page.goto(f"{viewer.url}/?{query}")
    page.locator("figure[data-name] canvas").first.wait_for()
    until(lambda: page.locator("#legend > ul > li").count() == 2)
    legend = page.locator("#legend > ul > li .clip").all_inner_texts()
    page.get_by_role("button", name="Default").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as one page").click()
    target = tmp_path / "groups.html"
    download.value.save_as(target)
    page.close()
    live, offline = read(f"{viewer.url}/?{query}"), read(f"file://{target}")
    by_name = {table["name"]: table for table in offline}
    for name in ("loss", "val/acc"):
        (table,) = [table for table in live if table["name"] == name]
        saved_table = by_name[name]
        assert saved_table["caption"] == table["caption"]
        # Of a member the live page says the end of its id, the file its group.
        assert [row[1:] for row in saved_table["rows"]] == [row[1:] for row in table["rows"]]
        of_groups = [
            [row for row in rows if row[0] in legend] for rows in (saved_table["rows"], table["rows"])
        ]
        assert of_groups[0] == of_groups[1] and len(of_groups[0]) == 2 * 40
    page = chromium.new_page()
    page.goto(f"file://{target}")
    assert sorted(page.locator("ul.runs b").all_inner_texts()) == sorted(legend) and len(legend) == 2
    page.close()
