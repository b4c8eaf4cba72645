"""Charts on canvas in the real browser: drawn when seen, zoomed at full resolution, added to, and never an empty square."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.pages.test_colour_contrast import COLOURS
from tests.waiting import until

BOARD = """async ({names, search, options}) => {
    window.options = options;
    history.replaceState(null, "", "/" + search);
    document.body.innerHTML = `<div id="charts"><form id="tools">
        <input name="charts"><fieldset name="axis"></fieldset>
        <select name="method"><option>ema</option><option>mean</option></select><input type="range" name="smooth" min="0" max="0.99" step="0.01">
        <output name="smoothed"></output><input type="checkbox" name="log"><input type="checkbox" name="logx">
        <select name="spread"><option>auto</option><option>all</option><option>core</option></select><button type="button" name="whole"></button></form>
        ${names.map((name) => `<figure data-name="${name}"><figcaption><h3>${name}</h3><output></output></figcaption></figure>`).join("")}
        </div>`;
    const { ChartController } = await import("/static/js/chart/controller.js");
    const { Toolbar } = await import("/static/js/run/toolbar.js");
    let board;
    const toolbar = new Toolbar(document.getElementById("tools"), 1000, (settings) => board.configure(settings));
    board = new ChartController(document.getElementById("charts"), "/series", toolbar.settings,
        { zoom: (range) => toolbar.zoom(range), opened() {},
          options: (name) => options[name] ?? {}, optionsChanged: (name, changed) => { options[name] = changed; } });
    board.openFull();
    window.board = board;
    window.chart = (name) => board.feeds.get(name).chart;
}"""
BLUE, BLUE_IN_THE_DARK = ([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS["curve-1"])
"""`--curve-1` of the light theme."""


def curve(name: str, query: dict[str, list[str]]) -> dict[str, Any]:
    """A curve of a thousand steps, thinned to a tenth unless a range is asked for."""
    low, high, every = 0, 1000, 10
    if "step_range" in query:
        low, high = (int(end) for end in query["step_range"][0].split(":"))
        every = 1
    x = list(range(low, high + 1, every))
    y: list[float | None] = [math.sin(step / 100) + 2 for step in x]
    return {"name": name, "kind": "float", "count": len(x), "x": x, "y": y, "special": []}


class Server:
    """What answers for the points, and what it was asked."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.questions: list[dict[str, list[str]]] = []
        self.broken = False
        self.make: Callable[[str, dict[str, list[str]]], dict[str, Any]] = curve
        page.goto("http://localhost/")
        page.route("**/series?**", self.answer)

    @property
    def asked(self) -> list[dict[str, list[str]]]:
        """The questions so far; the browser is given a moment to ask them."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        return self.questions

    def answer(self, route: Any) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        self.questions.append(query)
        if self.broken:
            route.fulfill(content_type="application/json", body='{"series": [')
            return
        series = [self.make(name, query) for name in query["names"]]
        answer = {"series": series, "last_row": 1000, "generation": 1, "journal_end": 9}
        route.fulfill(content_type="application/json", body=json.dumps(answer))


@pytest.fixture
def server(modules: Any) -> Server:
    return Server(modules)


@pytest.fixture
def board(modules: Any, server: Server) -> Callable[..., Any]:
    """`board("a", "b")`: a page with those charts."""

    def show(*names: str, search: str = "", options: dict[str, Any] | None = None) -> Any:
        modules.set_viewport_size({"width": 800, "height": 600})
        modules.evaluate(BOARD, {"names": list(names), "search": search, "options": options or {}})
        return modules

    return show


def painted(page: Any, name: str, colour: list[int] = BLUE) -> int:
    """How many pixels of a chart have nearly the colour."""
    return int(
        page.evaluate(
            """([name, [r, g, b]]) => {
                const canvas = document.querySelector(`figure[data-name="${name}"] canvas`);
                if (!canvas?.width) return 0;
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let i = 0; i < data.length; i += 4)
                    count += data[i + 3] > 150 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40;
                return count;
            }""",
            [name, colour],
        )
    )


def output(page: Any, name: str) -> str:
    return str(page.locator(f'figure[data-name="{name}"] output').text_content())


def test_a_curve_is_drawn_and_described_in_words(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    label = page.locator(".plot").get_attribute("aria-label")
    assert label.startswith("loss: 101 points, step 0 to 1,000; lowest 1")
    assert output(page, "loss") == "1.456"


def test_visible_charts_share_one_request_and_the_others_wait(
    board: Callable[..., Any], server: Server
) -> None:
    page = board(*(f"m{i}" for i in range(300)))
    until(lambda: painted(page, "m1") > 300)
    assert 1 <= len(server.asked) <= 2
    assert sum(len(query["names"]) for query in server.asked) < 20
    page.locator('figure[data-name="m299"]').scroll_into_view_if_needed()
    until(lambda: painted(page, "m299") > 300)
    until(lambda: page.evaluate("document.querySelector('figure[data-name=\"m0\"] canvas').width") == 0)


def test_dragging_asks_for_that_range_at_full_resolution(board: Callable[..., Any], server: Server) -> None:
    page = board("loss", "other")
    until(lambda: painted(page, "loss") > 300)
    box = page.locator(".plot").first.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 70, steps=4)
    page.mouse.up()
    until(lambda: any("step_range" in query for query in server.asked))
    until(lambda: page.evaluate("chart('loss').curves[0].series.x.length") > 150)
    first, last = (
        int(end) for end in page.evaluate("new URLSearchParams(location.search).get('range')").split("..")
    )
    assert 150 < last - first < 350
    assert page.evaluate("chart('other').domain") == [first, last]

    page.locator(".plot").first.dblclick()
    until(lambda: page.evaluate("location.search") == "")
    assert page.evaluate("chart('loss').domain") == [0, 1000]
    page.go_back()
    until(lambda: page.evaluate("chart('loss').domain") == [first, last])


def test_one_cursor_stands_in_all_charts(board: Callable[..., Any]) -> None:
    page = board("a", "b")
    until(lambda: painted(page, "b") > 300)
    page.locator('figure[data-name="a"] .plot').hover(position={"x": 300, "y": 80})
    until(lambda: " step " in output(page, "a"))
    assert output(page, "a") == output(page, "b")
    assert page.locator(".cursor:visible").count() == 2
    page.mouse.move(5, 5)
    until(lambda: output(page, "b") == "1.456")


def test_the_keyboard_moves_the_cursor_and_zooms(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert output(page, "loss").endswith(" step 10")
    page.keyboard.press("Shift+ArrowRight")
    assert output(page, "loss").endswith(" step 110")
    page.keyboard.press("+")
    until(lambda: page.evaluate("chart('loss').domain[1]") < 600)
    page.keyboard.press("-")
    until(lambda: page.evaluate("location.search") == "")
    page.keyboard.press("Escape")
    assert output(page, "loss") == "1.456"


def test_a_broken_answer_is_a_sentence_with_a_retry(board: Callable[..., Any], server: Server) -> None:
    server.broken = True
    page = board("loss")
    message = page.locator(".message")
    until(lambda: "is incomplete" in (message.text_content() or ""))
    opaque = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter(v => v).length"
    assert page.locator(".plot canvas").first.evaluate(opaque) == 0, "an axis without data"
    server.broken = False
    message.get_by_role("button", name="Try again").click()
    until(lambda: painted(page, "loss") > 300)
    assert message.text_content() == ""


def test_a_failed_chart_is_loaded_when_the_server_is_back(board: Callable[..., Any], server: Server) -> None:
    server.broken = True
    page = board("loss")
    message = page.locator(".message")
    until(lambda: "is incomplete" in (message.text_content() or ""))
    server.broken = False
    page.evaluate("document.dispatchEvent(new Event('reconnected'))")
    until(lambda: painted(page, "loss") > 300)


def test_a_range_of_values_without_any_says_where_they_are(board: Callable[..., Any]) -> None:
    page = board("loss", options={"loss": {"y_range": [10, 20]}})
    message = page.locator(".message")
    until(lambda: "none of its values: they are from 1" in (message.text_content() or ""))
    page.evaluate("options.loss = {}; board.setOptions('loss', {})")
    until(lambda: message.text_content() == "")


def test_new_points_are_added_without_a_request(board: Callable[..., Any], server: Server) -> None:
    page = board("loss", "other")
    until(lambda: painted(page, "loss") > 300)
    count = len(server.asked)
    frame = {"loss": {"step": [1001, 1002], "time": [1.0, 2.0], "value": [9, None], "special": [[1, "nan"]]}}
    page.evaluate("(series) => board.advance(1000, 1002, series)", frame)
    until(lambda: output(page, "loss") == "NaN")
    assert page.evaluate("chart('loss').curves[0].series.count") == 103
    assert len(server.asked) == count


def test_partly_known_points_are_fetched_again(board: Callable[..., Any], server: Server) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    count = len(server.asked)
    frame = {"loss": {"step": [999, 1001], "time": [1.0, 2.0], "value": [9, 8]}}
    page.evaluate("(series) => board.advance(990, 1005, series)", frame)
    until(lambda: len(server.asked) == count + 1)


def test_points_that_come_before_their_curve_wait_for_it(board: Callable[..., Any], server: Server) -> None:
    page = board("loss")
    late = "{loss: {step: [1001], time: [1], value: [5]}}"
    page.evaluate(f"""(async () => {{
        while (!board.feeds.get("loss").chart) await new Promise((drawn) => requestAnimationFrame(drawn));
        board.advance(1000, 1001, {late});
    }})()""")
    until(lambda: output(page, "loss") == "5")
    assert server.asked and page.evaluate("chart('loss').curves[0].series.row") == 1001


def test_a_missed_frame_causes_a_new_request(board: Callable[..., Any], server: Server) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    count = len(server.asked)
    page.evaluate("board.advance(1007, 1008, {})")
    until(lambda: len(server.asked) == count + 1)


def test_known_points_are_not_added_twice(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.evaluate("board.advance(998, 1000, {loss: {step: [1000], time: [1], value: [5]}})")
    assert output(page, "loss") == "1.456"


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {"x": [], "y": [], "count": 0}, "No points yet."),
    (
        "all NaN",
        {"x": [1, 2], "y": [None, None], "special": [[0, "nan"], [1, "nan"]]},
        "No finite values.",
    ),
    ("constant", {"x": [1, 2, 3], "y": [7, 7, 7]}, ""),
    ("one point", {"x": [5], "y": [3.5]}, ""),
    ("wide", {"x": [1, 2, 3], "y": [1e-300, 1, 1e300]}, ""),
    ("widest", {"x": [1, 2], "y": [-1.7e308, 1.7e308]}, ""),
    ("infinite", {"x": [1, 2, 3], "y": [1, None, None], "special": [[1, "inf"], [2, "-inf"]]}, ""),
    ("text", {"x": [1, 2], "y": [0, 1], "kind": "text", "labels": ["warm", "main"]}, ""),
    ("bool", {"x": [1, 2], "y": [True, False], "kind": "bool"}, ""),
]


@pytest.mark.parametrize(("name", "part", "sentence"), ODD, ids=[odd[0] for odd in ODD])
@pytest.mark.parametrize("search", ["", "?log=1&smooth=0.9"], ids=["linear", "log"])
def test_unusual_points_are_drawn_or_mentioned(
    board: Callable[..., Any], server: Server, name: str, part: dict[str, Any], sentence: str, search: str
) -> None:
    server.make = lambda name, query: (
        {"name": name, "kind": "float", "count": len(part["x"]), "special": []} | part
    )
    page = board("odd", search=search)
    until(lambda: page.evaluate("Boolean(window.chart('odd')?.plot && chart('odd').curves.length)"))
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    message = page.locator(".message").text_content()
    assert message == sentence or (search and "logarithmic" in message)
    if not message:
        assert painted(page, "odd") > 0
    page.evaluate("chart('odd').hooks.cursor(2)")
    assert "undefined" not in output(page, "odd") + page.locator(".plot").get_attribute("aria-label")


def test_a_spike_is_left_out_marked_and_shown_on_demand(board: Callable[..., Any], server: Server) -> None:
    server.make = lambda name, query: (part := curve(name, query)) | {"y": [*part["y"][:-1], 1e173]}
    page = board("loss")
    until(lambda: painted(page, "loss", [187, 42, 42]) > 20)
    label = page.locator(".plot").get_attribute("aria-label")
    assert "highest 1e173" in label and label.endswith("Not drawn: 1 above and 0 below the axis.")
    assert page.evaluate("chart('loss').plot.y.domain[1]") < 4
    page.locator("select[name=spread]").select_option("all")
    until(lambda: page.evaluate("chart('loss').plot.y.domain[1]") > 1e173)
    assert page.evaluate("location.search") == "?y=all"
    assert "Not drawn" not in page.locator(".plot").get_attribute("aria-label")


def test_a_band_is_drawn_where_points_were_thinned(board: Callable[..., Any], server: Server) -> None:
    band = {"x": [0, 500, 1000], "low": [0.5, 0.5, 0.5], "high": [3.5, 3.5, 3.5]}
    server.make = lambda name, query: curve(name, query) | {"band": band}
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    shade = """(() => { const { canvas, plot } = chart('loss'), ratio = canvas.width / canvas.clientWidth;
        return canvas.getContext("2d").getImageData(plot.x.at(500) * ratio, plot.y.at(0.8) * ratio, 1, 1).data[3]; })()"""
    assert 10 < page.evaluate(shade) < 40


def test_a_larger_chart_has_more_points(board: Callable[..., Any], server: Server) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.set_viewport_size({"width": 1600, "height": 600})
    page.locator("figure").hover()
    page.get_by_role("button", name="Full screen: loss").click()
    until(lambda: int(server.asked[-1]["pixels"][0]) >= 750)


def test_a_message_disappears_with_its_reason(board: Callable[..., Any], server: Server) -> None:
    server.make = lambda name, query: curve(name, query) | {"y": [-1] * 101}
    page = board("loss", search="?log=1")
    message = page.locator(".message")
    until(lambda: "logarithmic" in (message.text_content() or ""))
    page.locator("input[name=log]").uncheck()
    until(lambda: message.text_content() == "")
    page.go_back()
    until(lambda: "logarithmic" in (message.text_content() or ""))


def test_a_table_stands_behind_every_chart(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.locator("figure").hover()
    page.get_by_role("button", name="Table: loss").click()
    rows = page.locator(".points tr")
    assert rows.nth(0).inner_text().split() == ["step", "value"]
    assert rows.nth(1).inner_text().split() == ["0", "2"]
    assert rows.count() == 102


def test_the_table_of_a_thinned_curve_says_how_many_points_were_logged(
    board: Callable[..., Any], server: Server
) -> None:
    server.make = lambda name, query: curve(name, query) | {"count": 200_000}
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.evaluate("document.querySelector('figure .tools button:nth-child(2)').click()")
    assert page.locator(".points caption").inner_text() == "101 points in view (of 200,000 logged)"


def test_the_table_follows_a_zoom_and_live_points(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: "1,000" in page.inner_text("figure output") or painted(page, "loss") > 100)
    page.evaluate("document.querySelector('figure .tools button:nth-child(2)').click()")
    caption = page.locator(".points caption")
    assert caption.inner_text() == "101 points in view"
    frame = {"loss": {"step": [1001, 1002], "time": [1, 2], "value": [5.0, 7.25]}}
    page.evaluate("(series) => board.advance(1000, 1002, series)", frame)
    until(lambda: page.locator(".points tr").last.inner_text().split() == ["1,002", "7.25"])
    assert caption.inner_text() == "103 points in view"
    page.evaluate("chart('loss').hooks.zoom([200, 300])")
    until(lambda: caption.inner_text() == "101 points in view")
    assert page.locator(".points tr").nth(1).inner_text().startswith("200")
    page.evaluate("document.querySelector('figure .tools button:nth-child(2)').click()")
    assert not page.locator(".points").count()


def test_a_theme_that_changes_changes_the_curves(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.emulate_media(color_scheme="dark")
    until(lambda: painted(page, "loss", BLUE_IN_THE_DARK) > 300)
    page.emulate_media(color_scheme="light")
    until(lambda: painted(page, "loss") > 300)


def test_a_canvas_is_as_sharp_as_its_display(board: Callable[..., Any]) -> None:
    page = board("loss")
    until(lambda: painted(page, "loss") > 300)
    page.evaluate("Object.defineProperty(window, 'devicePixelRatio', {value: 2, configurable: true})")
    page.evaluate("chart('loss').draw()")
    sizes = "[chart('loss').canvas.width, chart('loss').area.clientWidth]"
    width, css = page.evaluate(sizes)
    page.evaluate("delete window.devicePixelRatio")
    assert width == 2 * css
