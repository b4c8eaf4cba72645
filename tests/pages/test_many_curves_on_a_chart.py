"""Several curves on one chart: told apart by colour and name, highlighted, hidden, read out and kept together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import until

BOARD = """async (count) => {
    document.body.innerHTML = `<h1>Runs</h1><aside class="side-legend" id="legend"></aside><div id="charts">
        <figure data-name="loss"><figcaption><h3>loss</h3><output></output></figcaption></figure></div>`;
    const load = (name) => import(`/static/js/${name}.js`);
    const [{ ChartController }, { SideLegend }, { Series }, { lookAt }] = await Promise.all(
        ["chart/controller", "chart/legend", "chart/data/series", "chart/render/colours"].map(load));
    const keys = Array.from({ length: count }, (_, i) => `run-${i}`);
    const colours = new Map(keys.map((key, i) => [key, lookAt(i)]));
    const curve = (key, k) => {
        const x = [0, 10, 20], y = x.map((step) => k + step / 10);
        const series = Series.from({ name: "loss", kind: "float", count: 3, x, y }, 0);
        return { series, key, label: `Run ${k}`, band: { x, low: y.map((v) => v - 0.2), high: y.map((v) => v + 9) }, ...colours.get(key) };
    };
    window.asked = [];
    const source = { load: async (name, query) => asked.push(query), curves: () => keys.map(curve) };
    let settings = { axis: "step", smoothing: null, log: false, range: null, origin: 0 };
    const change = (more) => board.configure((settings = { ...settings, ...more }));
    const board = new ChartController(document.getElementById("charts"), source, settings, {
        zoom: (range) => change({ range }), pointed: (reading) => legend.read(reading && { ...reading, settings }) });
    const entries = (hidden) => keys.map((key, k) => ({ key, label: `Run ${k}`, number: k, text: `${k}`, hidden: hidden.includes(key), ...colours.get(key) }));
    const hide = (hidden) => { change({ hidden }); legend.setEntries(entries(hidden), "value"); };
    const legend = new SideLegend(document.getElementById("legend"), {
        toggle: (key) => hide(settings.hidden?.includes(key) ? settings.hidden.filter((other) => other !== key) : [...(settings.hidden ?? []), key]),
        solo: (key) => hide(keys.filter((other) => other !== key)),
        remove() {}, highlight: (key) => board.highlight(key) });
    legend.setEntries(entries([]), "value");
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
    labels = "chart().curves.map((curve) => curve.label)"
    entry = page.locator(".side-legend li", has_text="Run 1")
    entry.hover()
    assert page.evaluate("chart().highlighted") == "run-1"
    page.get_by_role("button", name="Hide Run 1").click()
    assert page.evaluate(labels) == ["Run 0", "Run 2"]
    assert page.get_by_role("button", name="Show Run 1").get_attribute("aria-pressed") == "false"
    page.locator(".side-legend li", has_text="Run 2").hover()
    page.get_by_role("button", name="Hide Run 2").click(modifiers=["Alt"])
    assert page.evaluate(labels) == ["Run 2"]
    page.get_by_role("button", name="Show Run 0").click()
    assert page.evaluate(labels) == ["Run 0", "Run 2"]
    for name in ("Run 0", "Run 2"):
        page.locator(".side-legend li", has_text=name).hover()
        page.get_by_role("button", name=f"Hide {name}").click()
    until(lambda: page.locator(".message").text_content() == "All curves are hidden.")


def test_a_legend_is_sorted_by_the_value_under_the_cursor_and_at_rest(board: Callable[[int], Any]) -> None:
    page = board(3)
    names = page.locator(".side-legend li .clip")
    until(lambda: names.all_text_contents() == ["Run 2", "Run 1", "Run 0"])
    page.evaluate("chart().curves[0].series.y[1] = 9")
    page.locator(".plot").hover(position={"x": page.evaluate("chart().plot.x.at(10)"), "y": 100})
    until(lambda: names.all_text_contents() == ["Run 0", "Run 2", "Run 1"])
    assert page.locator(".side-legend li b").all_text_contents() == ["9", "3", "2"]
    assert page.locator(".side-legend header > *").all_text_contents() == ["loss", "step 10"]
    page.mouse.move(2, 2)
    until(lambda: names.all_text_contents() == ["Run 2", "Run 1", "Run 0"])


def test_the_cursor_reads_out_every_curve_and_the_nearest_first(board: Callable[[int], Any]) -> None:
    page = board(3)
    down = page.evaluate("chart().plot.y.at(2)")
    x = page.evaluate("chart().plot.x.at(10)")
    page.locator(".plot").hover(position={"x": x, "y": down})
    until(lambda: page.locator(".readout:visible p").count() == 3)
    assert page.locator(".readout > div").text_content() == "step 10"
    assert page.locator(".readout p").all_text_contents() == ["3Run 2", "2Run 1", "1Run 0"]
    assert page.locator("output").text_content() == "2 step 10 Run 1"
    page.mouse.move(2, 2)
    until(lambda: page.locator("output").text_content() == "")


def test_a_move_of_the_pointer_changes_texts_and_makes_no_elements(board: Callable[[int], Any]) -> None:
    """A new element under the pointer makes the browser look for the rules of all that is around it, with each move."""
    page = board(9)
    plot = page.locator(".plot")
    at = [{"x": page.evaluate("(x) => chart().plot.x.at(x)", x), "y": 100 + x} for x in (0, 10, 20)]
    plot.hover(position=at[1])
    until(lambda: page.locator(".readout:visible p").count() == 8)
    before = page.locator(".readout").text_content()
    page.evaluate("""() => {
        window.made = [];
        const watch = (records) => records.forEach(({ addedNodes }) => made.push(...[...addedNodes].filter(({ nodeType }) => nodeType === 1).map(({ outerHTML }) => outerHTML)));
        new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
    }""")
    for place in (at[2], at[0]):
        plot.hover(position=place)
    until(lambda: page.locator("output").text_content().split()[1:3] == ["step", "0"])
    assert page.locator(".readout").text_content() != before
    assert page.evaluate("made.filter((text) => !text.startsWith('<li'))") == []


def test_the_box_at_the_cursor_stays_in_its_pane_and_cuts_no_name(board: Callable[[int], Any]) -> None:
    """A pane that scrolls cuts what leaves it; the names are longer than the box was wide."""
    page = board(3)
    page.evaluate("""() => {
        const panel = document.getElementById("charts");
        panel.className = "panel";
        panel.style.cssText = "width: 330px; height: 300px; margin-left: 250px; overflow: auto";
        chart().curves.forEach((curve, i) => { curve.label = `a name that is longer than the box at the cursor of a chart ${i}`; });
    }""")
    plot = page.locator(".plot")
    width = plot.bounding_box()["width"]
    for share in (0.3, 0.6, 0.95):
        plot.hover(position={"x": share * width, "y": 100})
        until(lambda: page.locator(".readout:visible p").count() == 3)
        outside, cut = page.evaluate("""() => {
            const [box, pane] = [".readout", "#charts"].map((selector) => document.querySelector(selector).getBoundingClientRect());
            const names = [...document.querySelectorAll(".readout bdi")];
            const inside = box.left >= pane.left && box.right <= pane.right && box.top >= 0 && box.bottom <= innerHeight;
            return [!inside && JSON.stringify([box, pane]), names.some((name) => name.scrollWidth > name.clientWidth + 1)];
        }""")
        assert not outside and not cut


def test_the_other_curves_are_dimmed_while_one_is_pointed_at(board: Callable[[int], Any]) -> None:
    page = board(3)
    page.evaluate("window.drawn = 0; chart().hooks.drawn = () => { drawn += 1; }")
    plot = page.locator(".plot")
    for value in (3, 2, 1, 3, 1, 2):
        down = page.evaluate("(value) => chart().plot.y.at(value)", value)
        plot.hover(position={"x": page.evaluate("chart().plot.x.at(10)"), "y": down})
    veil = """() => { const { veil, plot } = chart(), ratio = veil.width / veil.clientWidth;
        const alpha = (x, y) => veil.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data[3];
        return veil.width ? [alpha(plot.x.at(5), plot.y.at(0.55)), alpha(plot.x.at(5), plot.y.at(1.5))] : []; }"""
    others, pointed = page.evaluate(veil)
    assert 150 < others < 200 and pointed == 255
    assert page.evaluate("drawn") < 3, "a move of the pointer draws one curve"
    page.mouse.move(2, 2)
    until(lambda: page.evaluate(veil) == [])


def test_full_screen_has_a_legend_with_the_values_under_the_cursor(board: Callable[[int], Any]) -> None:
    page = board(3)
    page.locator(".plot").focus()
    page.keyboard.press("f")
    rows = page.locator("figure .side-legend li")
    until(lambda: rows.all_text_contents() == ["Run 24", "Run 13", "Run 02"])
    assert page.locator("figure .tools .button:visible").count() == 3

    def values_at_step_ten() -> list[str]:
        page.locator(".plot").hover(position={"x": page.evaluate("chart().plot.x.at(10)"), "y": 100})
        return page.locator("figure .side-legend b").all_text_contents()

    # The legend makes the plot narrower a frame later: step 10 is where the pointer asked only after that.
    until(lambda: values_at_step_ten() == ["3", "2", "1"])
    rows.nth(2).hover()
    assert page.evaluate("chart().highlighted") == "run-0"
    page.keyboard.press("Escape")
    until(lambda: page.locator("figure .side-legend").count() == 0)


@pytest.mark.parametrize("full", [False, True])
def test_a_long_legend_is_scrolled_by_keys(board: Callable[[int], Any], full: bool) -> None:
    page = board(20)
    page.locator(".plot").focus()
    if full:
        page.keyboard.press("f")
    rows = page.locator("figure .side-legend > ul" if full else "#legend > ul")
    rows.locator("li").nth(19).wait_for()
    rows.evaluate("(list) => list.parentElement.style.maxHeight = '200px'")
    assert rows.get_attribute("tabindex") == "0", "not every browser gives scrolled elements the focus itself"
    for _ in range(30):
        page.keyboard.press("Tab" if full else "Shift+Tab")
        if rows.evaluate("(list) => list === document.activeElement"):
            break
    page.keyboard.press("End")
    until(lambda: rows.evaluate("(list) => list.scrollTop") > 100, timeout=20)


def test_values_are_spoken_where_keys_move_the_cursor(board: Callable[[int], Any]) -> None:
    page = board(2)
    spoken = page.locator("#charts > [role=status]")
    page.locator(".plot").hover(position={"x": page.evaluate("chart().plot.x.at(10)"), "y": 100})
    assert spoken.text_content() == "" and page.locator("output").get_attribute("aria-live") == "off"
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    until(lambda: spoken.text_content() == "0 step 0 Run 0")
    page.keyboard.press("ArrowRight")
    until(lambda: spoken.text_content() == "1 step 10 Run 0")
    page.keyboard.press("ArrowDown")
    until(lambda: spoken.text_content() == "2 step 10 Run 1")


def test_keys_go_from_curve_to_curve(board: Callable[[int], Any]) -> None:
    page = board(3)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    until(lambda: page.locator("output").text_content() == "1 step 0 Run 1")
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


def test_a_hundred_curves_look_different_and_the_first_ten_differ_by_colour(js: Any) -> None:
    code = """m => {
        const looks = Array.from({length: 100}, (_, i) => m.lookAt(i));
        return [new Set(looks.map((look) => JSON.stringify(look))).size, new Set(looks.slice(0, 10).map(({ colour }) => colour)).size];
    }"""
    assert js("chart/render/colours.js", code) == [100, 10]


def test_runs_with_the_same_colour_differ_in_dashes_or_markers(js: Any) -> None:
    code = """m => {
        const colours = new m.RunColours();
        const own = new Map([["b", "curve-1"], ["c", "curve-1"], ["d", "#abcdef"], ["e", "#abcdef"]]);
        colours.assign(["a"]);
        const looks = colours.assign(["a", "b", "c", "d", "e", "f"], own);
        const again = colours.assign(["c", "a", "e"], own);
        const told = (id) => `${looks.get(id).colour} ${looks.get(id).dash}`;
        return [[..."abcdef"].map(told), JSON.stringify(again.get("c")) === JSON.stringify(looks.get("c"))];
    }"""
    assert js("workspace/colours.js", code) == [
        ["curve-1 null", "curve-1 6,3", "curve-1 2,2", "#abcdef null", "#abcdef 6,3", "curve-6 null"],
        True,
    ]


def test_runs_with_the_same_colour_differ_on_a_chart_of_several_metrics(js: Any) -> None:
    code = """async (m) => {
        const { lookAt } = await import("/static/js/chart/render/colours.js");
        const curves = [0, 10].map((place) => ({ key: `${place}`, label: "", ...lookAt(place) }));
        return m.labelled(["x", "y"], [curves, curves]).map(({ dash, marker }) => JSON.stringify([dash, marker]));
    }"""
    assert len(set(js("chart/data/labels.js", code))) == 4


def test_markers_are_drawn_along_the_curve_and_in_legends(board: Callable[[int], Any], js: Any) -> None:
    board(2)
    code = """async (m) => {
        const { lookAt } = await import("/static/js/chart/render/colours.js"), { swatch } = await import("/static/js/chart/render/swatch.js");
        Object.assign(chart().curves[1], lookAt(80));
        const { items } = m.vectorPicture(chart(), { width: 600, height: 300 });
        const triangles = items.filter(({ kind, path }) => kind === "fill" && path.length === 4);
        return [triangles.length, swatch(lookAt(80)).querySelectorAll("path").length, swatch(lookAt(30)).querySelectorAll("path").length];
    }"""
    # Three points of the curve, and the legend of the picture.
    assert js("chart/export/vector.js", code) == [4, 2, 1]


def test_a_run_keeps_its_colour_while_others_are_hidden_and_a_new_one_gets_a_free_colour(js: Any) -> None:
    code = """m => {
        const colours = new m.RunColours();
        const first = colours.assign(["a", "b", "c"]);
        const fewer = colours.assign(["a", "c"]);
        const other = colours.assign(["d", "a", "c"], new Map([["c", "curve-7"]]));
        return [first, fewer, other].map((looks) => [...looks].map(([id, { colour }]) => `${id}:${colour.slice(6)}`).join(" "));
    }"""
    assert js("workspace/colours.js", code) == ["a:1 b:2 c:3", "a:1 c:3", "d:2 a:1 c:7"]
