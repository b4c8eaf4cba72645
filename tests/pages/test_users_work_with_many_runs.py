"""The charts layout of the runs page in the real browser: visible runs, filters in place, legend, cursor, live points."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.folders import append_metrics, write_run
from tests.processes import Viewer
from tests.screens import Screen, open_filters
from tests.waiting import until

pytestmark = pytest.mark.journey
LONG = "resnet50-lion-with-a-name-that-is-longer-than-any-caption-of-a-chart-could-ever-be"
METRICS = ("loss", "val/acc", "val/error")


@pytest.fixture
def runs(folder: Path) -> list[str]:
    """Fourteen runs of forty steps, the newest first."""
    ids = [
        write_run(
            folder,
            "odd" if i % 2 else "even",
            f"{LONG}-{i}",
            created_at=1_767_000_000 + i,
            config={"lr": [0.1, 0.01][i % 2], "seed": i},
            metrics=[
                {name: (i + 1) * (k + 1) + step / 100 for k, name in enumerate(METRICS)} for step in range(40)
            ],
            summary={"best_metric_name": "loss", "best_metric_value": float(i), "best_metric_mode": "max"},
        )
        for i in range(14)
    ]
    return ids[::-1]


class Workspace:
    """The page, and the requests for the points of `loss`."""

    def __init__(self, page: Any, viewer: Viewer, screen: Screen, query: str = "") -> None:
        self.page = page
        self.is_phone = screen.is_phone
        self.asked: list[dict[str, list[str]]] = []
        page.on("request", self._note)
        page.goto(f"{viewer.url}/?layout=charts{query}")
        if screen.is_phone:
            page.get_by_role("button", name="Fold the list").click()

    def _note(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/series" and "loss" in parse_qs(parts.query)["names"]:
            self.asked.append(parse_qs(parts.query))

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the address."""
        return parse_qs(urlsplit(self.page.url).query)

    def words(self, chart: str = "loss") -> str:
        """What a chart says in words; on a phone the list is above it, and charts out of sight are not drawn."""
        figure = f"document.querySelector('figure[data-name=\"{chart}\"]')"
        if self.is_phone:
            self.page.evaluate(f"{figure}?.scrollIntoView({{behavior: 'instant'}})")
        return str(self.page.evaluate(f"{figure}?.querySelector('.plot')?.getAttribute('aria-label') ?? ''"))

    def shows(self, count: int, chart: str = "loss", points: int = 40) -> bool:
        """Whether a chart has so many curves of so many points."""
        return self.words(chart).count(f" {points} points") == count

    def row(self, run_id: str) -> Any:
        """The row of a run in the list."""
        return self.page.locator(f"#run-{run_id}")

    def eye(self, run_id: str) -> Any:
        """The eye of a run in the list."""
        return self.row(run_id).locator(".eye")


@pytest.fixture
def workspace(
    folder: Path, runs: list[str], start_viewer: Callable[..., Viewer], browser: Any, screen: Screen
) -> Callable[..., Workspace]:
    """`workspace("&q=odd")`: the charts layout of the fourteen runs."""
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")

    def open_workspace(query: str = "") -> Workspace:
        count = len(list(folder.glob("*/*/runs/*")))
        until(lambda: len(viewer.get("/api/runs").json()) == count)
        return Workspace(browser, viewer, screen, query)

    return open_workspace


def test_users_show_hide_and_single_out_runs(workspace: Callable[..., Workspace], runs: list[str]) -> None:
    page = workspace()
    until(lambda: page.shows(10))
    assert page.asked[0]["ids"] == [",".join(runs[:10])]
    colours = "[...document.querySelectorAll('tr.visible .colour')].map((dot) => getComputedStyle(dot).backgroundColor)"
    before = page.page.evaluate(colours)
    assert len(set(before[:8])) == 8

    page.asked.clear()
    page.eye(runs[12]).click()
    until(lambda: page.shows(11))
    assert page.query["show"] == [runs[12]]
    assert {tuple(query["ids"]) for query in page.asked} == {(runs[12],)}, "only the new curves are fetched"

    page.asked.clear()
    page.eye(runs[0]).click()
    until(lambda: page.shows(10))
    assert page.query["hide"] == [runs[0]]
    assert page.page.evaluate(colours)[:9] == before[1:], "the others keep their colours"
    page.eye(runs[3]).click(modifiers=["Alt"])
    until(lambda: page.shows(1))
    assert page.query["solo"] == [runs[3]]
    page.eye(runs[3]).click(modifiers=["Alt"])
    until(lambda: page.shows(10))
    assert not page.asked, "curves that were here before are not fetched again"

    page.page.locator("#eye-all").click()
    until(lambda: page.shows(14))
    page.page.locator("#eye-all").click()
    until(lambda: "every curve is hidden" in page.words() or page.shows(0))
    page.page.reload()
    until(lambda: page.page.locator("tr[data-run]").count() == 14)
    assert page.page.locator("tr.visible").count() == 0
    page.page.go_back()
    until(lambda: page.page.locator("tr.visible").count() == 14)


@pytest.mark.journey("wide", "middle")
def test_curves_that_the_server_had_not_read_are_asked_for_again(workspace: Callable[..., Workspace]) -> None:
    page = workspace()
    until(lambda: page.shows(10))
    answers = []

    def without_half(route: Any) -> None:
        answers.append(route.fetch())
        if len(answers) > 1:
            route.fulfill(response=answers[-1])
            return
        content = answers[0].json()
        content["series"] = content["series"][::2]
        # An incomplete answer has no ETag.
        headers = {name: value for name, value in answers[0].headers.items() if name != "etag"}
        route.fulfill(status=200, headers={**headers, "x-ingest-pending": "4096"}, json=content)

    page.page.route("**/series?**", without_half)
    page.page.locator("#eye-all").click()
    until(lambda: page.shows(14))
    assert len(answers) > 1
    page.page.unroute("**/series?**")


def test_filters_and_orders_change_the_list_and_leave_charts_that_stay(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace("&show=all&smooth=0.5")
    until(lambda: page.shows(14))
    page.page.evaluate("document.querySelector('figure[data-name=loss] canvas').dataset.mark = 'stays'")
    page.asked.clear()
    open_filters(page.page)
    page.page.locator("select[name=project]").select_option("odd")
    until(lambda: page.shows(7))
    assert page.query["smooth"] == ["0.5"] and page.query["project"] == ["odd"]
    assert page.page.locator("figure[data-name=loss] canvas").get_attribute("data-mark") == "stays"
    assert not page.asked
    page.page.locator("select[name=project]").select_option("")
    until(lambda: page.shows(14))
    page.page.locator("select[name=sort]").select_option("best")
    until(lambda: page.page.locator("tr[data-run]").first.get_attribute("data-run") == runs[-1])
    page.page.locator("#search").fill("no such run")
    until(lambda: page.page.locator("#runs .empty").count() == 1)
    page.page.get_by_role("link", name="Clear filters").last.click()
    until(lambda: page.shows(14))
    assert not page.asked


@pytest.mark.journey("wide", "middle")
def test_a_row_and_its_curve_point_at_each_other(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace()
    until(lambda: page.shows(10))
    plot = page.page.locator('figure[data-name="val/acc"] .plot')
    plot.scroll_into_view_if_needed()
    until(lambda: page.shows(10, "val/acc"))
    box = plot.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 12)
    until(lambda: page.row(runs[0]).evaluate("row => row.classList.contains('pointed')"))
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 24)
    until(lambda: page.row(runs[9]).evaluate("row => row.classList.contains('pointed')"))
    # A background of the row would paint the whole list again with each move of the pointer.
    colour = "(element) => getComputedStyle(element).backgroundColor"
    assert page.row(runs[9]).evaluate(colour) == "rgba(0, 0, 0, 0)"
    bar = page.page.locator("#runs .pointed-bar")
    assert bar.evaluate(colour) != "rgba(0, 0, 0, 0)"
    assert bar.bounding_box() == page.row(runs[9]).bounding_box()
    page.row(runs[2]).locator("a.name").hover()
    until(lambda: page.page.locator("#legend li.pointed").get_attribute("data-key") == runs[2])


@pytest.mark.journey("wide", "middle")
def test_the_cursor_reads_the_pointed_run_in_all_charts_value_first_and_never_cut(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace()
    until(lambda: all(page.shows(10, name) for name in METRICS))
    plot = page.page.locator('figure[data-name="val/acc"] .plot')
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    table = "document.querySelector('.listed').offsetHeight"
    height = page.page.evaluate(table)
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 24)
    label = f"{LONG}-4 {runs[9][-6:]}"
    pointed = page.page.locator('figure[data-name="val/acc"] output')
    until(lambda: pointed.text_content().endswith(label))
    texts = page.page.locator("figure[data-name] output")
    until(lambda: all(" step " in text for text in texts.all_text_contents()))
    values = lambda: [float(text.split(" step ")[0]) for text in texts.all_text_contents()]  # noqa: E731
    until(lambda: sorted(round(value / 5) for value in values()) == [1, 2, 3])
    cut = """[...document.querySelectorAll("figure[data-name] output")].filter((output) => {
        const [outer, inner] = [output, output.querySelector("b")].map((one) => one.getBoundingClientRect());
        return inner.left < outer.left - 1 || inner.right > outer.right + 1;
    }).length"""
    assert page.page.evaluate(cut) == 0
    values = page.page.locator("#runs .readings > .at")
    numbers = [round(float(text) / 2) for text in values.all_text_contents()]
    assert numbers == list(range(14, 4, -1)), "in the list"
    step, metric = page.page.locator("#runs .readings .head .at").all_text_contents()
    assert step.startswith("step ") and metric == "val/acc"
    assert page.page.evaluate(table) == height, "no row moves"
    page.page.mouse.move(2, 2)
    until(lambda: page.page.locator("#runs .readings").is_hidden())
    page.page.keyboard.press("\\")  # the legend stands where the list is folded
    until(lambda: page.page.locator("#legend").is_visible())
    plot.scroll_into_view_if_needed()
    plot.hover()
    until(lambda: page.page.locator("#legend header strong").text_content() == "val/acc")
    legend = page.page.locator("#legend > ul > li .clip")
    until(
        lambda: (
            [text.split()[0] for text in legend.all_text_contents()]
            == [f"{LONG}-{i}" for i in range(13, 3, -1)]
        )
    )


@pytest.mark.journey("wide", "middle")
def test_users_remove_and_add_runs_in_the_legend(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace(f"&runs={runs[0]},{runs[5]}")
    until(lambda: page.shows(2))
    assert page.page.locator("tr[data-run]").count() == 2
    assert not page.page.locator("#legend").is_visible(), "the list is the legend"
    page.page.keyboard.press("\\")
    page.page.locator("#legend li").first.hover()
    page.page.get_by_role("button", name="Remove").first.click()
    until(lambda: page.shows(1))
    assert page.query["runs"] == [runs[5]]
    page.page.get_by_label("Search for a run to add").fill(f"{LONG}-7")
    page.page.get_by_role("button", name=f"{LONG}-7").click()
    until(lambda: page.shows(2))
    assert page.query["runs"] == [f"{runs[5]},{runs[6]}"]


def test_new_points_metrics_and_runs_appear_without_a_reload(
    folder: Path, workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    now = time.time()
    live = write_run(
        folder, "odd", "live", status="running", created_at=now, metrics=[{"loss": 1.0}, {"loss": 2.0}]
    )
    page = workspace()
    # Charts are drawn where they are seen: on a phone the list is above them.
    page.page.locator("figure[data-name=loss]").scroll_into_view_if_needed()
    until(lambda: page.shows(1, points=2) and page.shows(9))
    page.asked.clear()
    append_metrics(folder, "odd", "live", live, [{"global_step": 3, "loss": 3.0, "new": 1.0}], now + 3)
    until(lambda: page.shows(1, points=3))
    assert {tuple(query["ids"]) for query in page.asked} == {(live,)}
    until(lambda: page.page.locator('figure[data-name="new"]').count() == 1)
    later = write_run(folder, "odd", "later", created_at=now + 9, metrics=[{"loss": 5.0}] * 40)
    until(lambda: page.row(later).count() == 1)
    until(lambda: page.shows(9))


@pytest.mark.journey("wide", "middle")
def test_noise_of_many_runs_is_drawn_as_mean_and_range(
    folder: Path, workspace: Callable[..., Workspace], screen: Screen
) -> None:
    values = [[3.0 + 3 * k + (step * 7919 % 101) / 50 * (-1) ** step for step in range(5000)] for k in (0, 1)]
    for k, values_of_run in enumerate(values):
        write_run(
            folder,
            "noise",
            f"n{k}",
            created_at=1_767_100_000 + k,
            metrics=[{"loss": v} for v in values_of_run],
        )
    page = workspace("&project=noise")
    until(lambda: page.words().count("5,000 points") == 2)
    plot = page.page.locator("figure[data-name=loss] .plot")
    box = plot.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.7 * box["height"])
    readout = page.page.locator("figure[data-name=loss] output")
    until(lambda: " raw " in (readout.text_content() or ""))
    assert 2.5 < float(readout.text_content().split()[0]) < 3.5, "the mean; the points are between 1 and 5"
    ink = """() => { const canvas = document.querySelector("figure[data-name=loss] canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const alphas = data.filter((_, i) => i % 4 === 3);
        return [alphas.filter((a) => a > 10 && a < 60).length, alphas.filter((a) => a > 200).length].map((n) => n / alphas.length); }"""
    shade, lines = page.page.evaluate(ink)
    assert shade > 0.3 and lines < 0.15


def test_a_run_keeps_the_colour_that_a_user_gives_it(
    folder: Path, workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace()
    until(lambda: page.shows(10))
    dot = page.row(runs[1]).locator(".colour")
    colour = "one => getComputedStyle(one).backgroundColor"
    sixth = page.page.locator("tr.visible .colour").nth(5).evaluate(colour)
    dot.click()
    page.page.get_by_role("button", name="Colour 6").click()
    # Of two runs with one colour, the dot of the second is a ring.
    own = "one => one.style.getPropertyValue('--dot')"
    until(lambda: dot.evaluate(own) == "var(--curve-6)")
    strokes = "() => [...document.querySelectorAll('#legend .swatch path')].map((one) => getComputedStyle(one).stroke)"
    assert page.page.evaluate(strokes).count(sixth) == 2
    curation = next(folder.rglob(f"{runs[1]}/curation.json"))
    assert '"color"' in curation.read_text(encoding="utf-8")
    page.page.reload()
    until(lambda: dot.evaluate(own) == "var(--curve-6)")
    page.page.keyboard.press("c")
    page.page.wait_for_url(lambda url: "layout" not in url)
    assert page.page.locator(f"#run-{runs[1]} .colour-dot").is_visible()
    page.page.keyboard.press("c")
    page.page.wait_for_url(lambda url: "layout" in url)
    dot.click()
    page.page.get_by_role("button", name="Automatic").click()
    until(lambda: dot.evaluate(colour) != sixth)


@pytest.mark.journey("wide", "middle")
def test_the_list_is_folded_and_its_edge_dragged_and_both_are_kept(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace().page
    edge, width = (
        page.get_by_role("separator", name="Width of the list"),
        "document.querySelector('.list').offsetWidth",
    )
    before = page.evaluate(width)
    box = edge.bounding_box()
    page.mouse.move(box["x"], box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 200)
    page.mouse.up()
    until(lambda: page.evaluate(width) == before + 60)
    edge.press("ArrowLeft")
    until(lambda: page.evaluate(width) == before + 44)
    page.keyboard.press("\\")
    until(lambda: not page.locator(".list").is_visible())
    page.reload()
    until(lambda: page.get_by_role("button", name="Fold the list").get_attribute("aria-expanded") == "false")
    assert not page.locator(".list").is_visible()
    page.keyboard.press("\\")
    until(lambda: page.evaluate(width) == before + 44)


def test_users_go_from_the_table_to_charts_and_back_and_lose_no_panel_of_the_compare_page(
    workspace: Callable[..., Workspace], runs: list[str], screen: Screen
) -> None:
    page = workspace().page
    page.keyboard.press("c")
    page.wait_for_url(lambda url: "layout" not in url)
    for run in (runs[1], runs[4]):
        page.locator(f"input.pick[value='{run}']").check()
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("runs") == [f"{runs[1]},{runs[4]}"])
    page.get_by_role("link", name="Config", exact=True).click()
    until(lambda: page.locator("#config-table tbody tr").count() == 2)
    page.get_by_role("link", name="Metrics").click()
    until(lambda: page.locator("#metric-table tbody tr").count() == 3)
    page.get_by_role("link", name="Hyperparameters").click()
    until(lambda: page.locator("#scatter circle").count() == 2)
    page.reload()
    until(lambda: page.locator("#parallel path.run").count() == 2)
    page.locator("#panel-tabs").get_by_role("link", name="Charts").click()
    until(lambda: page.locator("figure[data-name=loss] canvas").count() == 1)
    assert page.locator("#relation-tools label").count() == 3, (
        "the tools of charts leave those of other panels there"
    )


@pytest.mark.journey("wide", "middle")
def test_the_way_back_from_a_run_leads_to_the_same_place(
    workspace: Callable[..., Workspace], runs: list[str]
) -> None:
    page = workspace("&show=all").page
    page.set_viewport_size({"width": 1440, "height": 420})
    scrolled = "document.getElementById('panel').scrollTop"
    page.evaluate("document.getElementById('panel').scrollTo(0, 90)")
    until(lambda: page.evaluate(scrolled) == 90)
    page.locator(f"input.pick[value='{runs[2]}']").check()
    page.locator(f"#run-{runs[1]} a.name").click()
    page.wait_for_url("**/runs/**")
    page.go_back()
    until(lambda: page.evaluate(scrolled) == 90)
    assert page.locator(f"input.pick[value='{runs[2]}']").is_checked()
    assert page.evaluate("document.activeElement.closest('tr')?.id") == f"run-{runs[1]}"
