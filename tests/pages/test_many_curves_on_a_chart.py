"""Several curves on one chart: told apart by colour and name, highlighted, hidden, read out and kept together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import until

BOARD = """async (count) => {
    document.body.innerHTML = `<h1>Runs</h1><div id="legend"></div><div id="charts">
        <figure data-name="loss"><figcaption><h3>loss</h3><output></output></figcaption></figure></div>`;
    const load = (name) => import(`/static/js/chart/${name}.js`);
    const [{ ChartController }, { Legend }, { Series }, { assign }] = await Promise.all(["controller", "legend", "data/series", "render/colours"].map(load));
    const keys = Array.from({ length: count }, (_, i) => `run-${i}`);
    const colours = assign(keys);
    const curve = (key, k) => {
        const x = [0, 10, 20], y = x.map((step) => k + step / 10);
        const series = Series.from({ name: "loss", kind: "float", count: 3, x, y }, 0);
        return { series, key, label: `Run ${k}`, band: { x, low: y.map((v) => v - 0.2), high: y.map((v) => v + 9) }, ...colours.get(key) };
    };
    window.asked = [];
    const source = { load: async (name, query) => asked.push(query), curves: () => keys.map(curve) };
    let settings = { axis: "step", smoothing: 0, log: false, range: null, origin: 0 };
    const change = (more) => board.configure((settings = { ...settings, ...more }));
    const board = new ChartController(document.getElementById("charts"), source, settings, { zoom: (range) => change({ range }) });
    new Legend(document.getElementById("legend"), keys.map((key, k) => ({ key, label: `Run ${k}`, ...colours.get(key) })),
        { hide: (hidden) => change({ hidden }), highlight: (key) => board.highlight(key) });
    window.chart = () => board.feeds.get("loss").chart;
}"""


@pytest.fixture
def board(modules: Any) -> Callable[[int], Any]:
    """`board(3)`: a chart of so many curves with a legend."""

    def show(count: int) -> Any:
        modules.set_viewport_size({"width": 800, "height": 600})
        modules.evaluate(BOARD, count)
        until(lambda: modules.evaluate("window.chart?.()?.plot !== undefined && chart().curves.length > 0"))
        return modules

    return show


def test_the_axis_has_room_for_bands(board: Callable[[int], Any]) -> None:
    page = board(2)
    assert page.evaluate("chart().plot.y.domain")[1] > 12


def test_a_legend_hides_shows_alone_and_highlights(board: Callable[[int], Any]) -> None:
    page = board(3)
    shown = "chart().curves.map((curve) => curve.label)"
    entry = page.get_by_role("button", name="Run 1")
    entry.click()
    assert page.evaluate(shown) == ["Run 0", "Run 2"]
    assert entry.get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Run 2").dblclick()
    assert page.evaluate(shown) == ["Run 2"]
    page.get_by_role("button", name="Show all").click()
    assert len(page.evaluate(shown)) == 3
    entry.hover()
    assert page.evaluate("chart().highlighted") == "run-1"
    for name in ("Run 0", "Run 1", "Run 2"):
        page.get_by_role("button", name=name).click()
    until(lambda: page.locator(".message").text_content() == "All curves are hidden.")


def test_many_entries_of_a_legend_are_found_by_name(board: Callable[[int], Any]) -> None:
    page = board(30)
    page.get_by_label("Filter curves by name").fill("run 2")
    assert page.locator(".legend li:visible").count() == 12  # 2, 12 and the twenties


def test_the_cursor_reads_out_every_curve_and_the_nearest_first(board: Callable[[int], Any]) -> None:
    page = board(3)
    down = page.evaluate("chart().plot.y.at(2)")
    left = page.evaluate("chart().plot.x.at(10)")
    page.locator(".plot").hover(position={"x": left, "y": down})
    until(lambda: page.locator(".readout:visible p").count() == 3)
    assert page.locator(".readout p").all_text_contents() == ["Run 23", "Run 12", "Run 01"]
    assert page.locator("output").text_content() == "step 10 Run 1 2"
    page.mouse.move(2, 2)
    until(lambda: page.locator("output").text_content() == "3 curves")


def test_keys_go_from_curve_to_curve(board: Callable[[int], Any]) -> None:
    page = board(3)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    until(lambda: page.locator("output").text_content() == "step 0 Run 1 1")
    page.keyboard.press("Escape")
    assert page.evaluate("chart().highlighted") is None


def test_zooming_asks_the_source_for_that_range(board: Callable[[int], Any]) -> None:
    page = board(2)
    page.locator(".plot").focus()
    page.keyboard.press("+")
    until(lambda: page.evaluate("asked.some((query) => query.step_range)"))


def test_the_table_and_the_file_name_the_run_of_each_point(board: Callable[[int], Any], js: Any) -> None:
    board(2)
    table = js("chart/data/rows.js", "m => [m.header(chart()), m.rows(chart())[4]]")
    assert table == [["curve", "step", "value", "low", "high"], ["Run 1", 10, 2, 1.8, 11]]


def test_a_picture_has_title_legend_and_axes(board: Callable[[int], Any], js: Any) -> None:
    board(2)
    code = "m => { const c = m.picture(chart()); return [c.width, c.height, ...c.getContext('2d').getImageData(1, 1, 1, 1).data]; }"
    width, height, *paper = js("chart/render/png.js", code)
    sizes = js("chart/chart.js", "m => [chart().area.clientWidth, chart().area.clientHeight]")
    assert width == 2 * sizes[0] and height > 2 * sizes[1] + 100
    assert paper == [255, 255, 255, 255]


def test_a_curve_keeps_its_colour_whoever_else_is_shown(js: Any) -> None:
    code = """m => {
        const keys = Array.from({length: 20}, (_, i) => `2026_${i * 7919}`);
        const all = m.assign(keys), few = m.assign(keys.slice(0, 3));
        const same = keys.slice(0, 3).every((key) => all.get(key).colour === few.get(key).colour);
        const looks = new Set([...all.values()].map(({ colour, dash }) => `${colour}${dash}`));
        return [same, looks.size, new Set(keys.slice(0, 8).map((key) => all.get(key).colour)).size];
    }"""
    assert js("chart/render/colours.js", code) == [True, 20, 8]
