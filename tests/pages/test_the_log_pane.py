"""Log lines as text: colours of terminals are shown, control characters are not, and the end is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.waiting import until

Js = Callable[..., Any]

PANE = """async () => {
    document.body.innerHTML = `<link rel="stylesheet" href="/static/css/log.css"><div id="log" class="log"
        data-log="/log" data-whole="/whole">
        <input type="checkbox" name="follow" checked><p class="failure" hidden><span></span><button>Try again</button></p>
        <form class="find"><input name="text"><button type="button" name="regex">.*</button><output name="found"></output><button type="button" name="previous">p</button>
        <button type="button" name="next">n</button></form>
        <div class="lines" style="height: 200px; overflow: auto"></div><button class="to-end" hidden></button></div>`;
    const root = document.getElementById("log");
    window.pane = new (await import("/static/js/log.js")).LogPane(root);
    new (await import("/static/js/log/search.js")).LogSearch(root.querySelector("form"), pane);
    let first = 1;
    window.frameOf = (lines, long = []) => {
        const frame = { first, start: (first - 1) * 10, end: (first + lines.length - 1) * 10, lines, long };
        first += lines.length;
        return frame;
    };
    window.drawn = () => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 60));
}"""


@pytest.fixture
def pane(modules: Any) -> Any:
    modules.evaluate(PANE)
    return modules


def add(page: Any, *lines: str, long: Any = ()) -> None:
    page.evaluate(
        "([lines, long]) => { pane.add(frameOf(lines, long)); return drawn(); }", [list(lines), list(long)]
    )


def numbers(page: Any) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.lines > div')].map((row) => row.dataset.n)")


def serve_log(page: Any, total: int) -> list[str]:
    """Answer the pane's questions about a log of `total` lines of ten bytes each; what was asked."""
    queries: list[str] = []

    def block(first: int, count: int) -> dict[str, Any]:
        last = min(first + count - 1, total)
        lines = [f"line {number}" for number in range(first, last + 1)]
        return {"first": first, "start": (first - 1) * 10, "end": last * 10, "lines": lines, "long": []}

    def answer(route: Any) -> None:
        query = dict(parse_qsl(urlsplit(route.request.url).query))
        queries.append(" ".join(query))
        if "search" in query:
            numbers = [n for n in range(1, total + 1) if query["search"] in f"line {n}"]
            route.fulfill(json={"numbers": numbers, "total": len(numbers)})
        elif "around" in query:
            first = int(query["around"])
            begin = max(1, first - 500)
            route.fulfill(json={"blocks": [block(begin, first - begin), block(first, 500)]})
        elif "before" in query:
            begin = max(1, int(query["first"]) - 500)
            route.fulfill(json={"blocks": [block(begin, int(query["first"]) - begin)]})
        else:
            route.fulfill(json={"blocks": [block(int(query["first"]), 500)]})

    page.unroute("**/log?*")
    page.route("**/log?*", answer)
    return queries


def test_markup_in_a_line_is_text(pane: Any) -> None:
    add(pane, "<img src=x onerror=alert(1)><b>not bold</b>")
    assert pane.locator(".lines img, .lines b").count() == 0
    assert pane.locator(".lines div").text_content() == "<img src=x onerror=alert(1)><b>not bold</b>"


def test_a_megabyte_in_a_line_is_shortened_until_it_is_expanded(pane: Any) -> None:
    pane.route("**/whole", lambda route: route.fulfill(status=206, body="x" * 1_000_000))
    add(pane, "x" * 2000, long=[[0, 0, 1_000_000]])
    row = pane.locator(".lines div")
    assert len(row.text_content()) < 2100
    row.get_by_role("button", name="show all 977 KiB").click()
    until(lambda: len(row.text_content()) == 1_000_000)


def test_the_end_is_followed_until_the_user_scrolls_up(pane: Any) -> None:
    bottom = "(e => e.scrollHeight - e.clientHeight - e.scrollTop)(document.querySelector('.lines'))"
    add(pane, *(f"line {i}" for i in range(100)))
    assert pane.evaluate(bottom) < 2
    pane.evaluate("document.querySelector('.lines').scrollTop = 100")
    pane.evaluate("drawn()")
    add(pane, "one more")
    assert not pane.locator("input[name=follow]").is_checked()
    assert pane.evaluate(bottom) > 500
    pane.locator("input[name=follow]").check()
    assert pane.evaluate(bottom) < 2
    pane.evaluate("drawn()")
    add(pane, "the last")
    assert pane.evaluate(bottom) < 2


def test_a_page_holds_the_last_lines_and_fetches_the_others(pane: Any) -> None:
    queries = serve_log(pane, 6000)
    pane.evaluate(
        "for (let i = 0; i < 12; i += 1) pane.add(frameOf(Array.from({ length: 500 }, (_, n) => `line ${i * 500 + n + 1}`)))"
    )
    pane.evaluate("drawn()")
    assert numbers(pane) == [str(n) for n in range(3001, 6001)]
    pane.evaluate("document.querySelector('.lines').scrollTop = 0")
    until(lambda: numbers(pane)[0] == "2501")
    assert len(numbers(pane)) == 3000 and queries == ["before first"]
    add(pane, "line 6001")
    assert numbers(pane)[-1] == "5500"
    end = pane.locator(".to-end")
    assert end.text_content() == "501 more ↓"
    serve_log(pane, 6001)
    end.click()
    until(lambda: numbers(pane)[-1] == "6001")
    add(pane, "line 6002")
    assert numbers(pane)[-1] == "6002" and pane.locator("input[name=follow]").is_checked()


def test_search_results_are_shown_in_context(pane: Any) -> None:
    serve_log(pane, 3000)
    add(pane, *(f"line {n}" for n in range(1, 401)))
    pane.evaluate("pane.jump(1)")
    pane.fill("input[name=text]", "line 29")
    count = pane.locator("output[name=found]")
    until(lambda: count.text_content() == "111 found")
    steps = []
    for key in ("Enter", "Enter", "Shift+Enter", "Shift+Enter"):
        before = count.text_content()
        pane.locator("input[name=text]").press(key)
        until(lambda before=before: count.text_content() != before)
        until(lambda: pane.locator("[aria-current]").count() == 1)
        steps.append(count.text_content())
    assert steps == ["1 of 111", "2 of 111", "1 of 111", "111 of 111"]
    until(lambda: pane.locator("[aria-current]").get_attribute("data-n") == "2999")
    assert "match" in pane.locator("[aria-current]").get_attribute("class")
    box = pane.locator("[aria-current]").bounding_box()
    lines = pane.locator(".lines").bounding_box()
    assert lines["y"] <= box["y"] < lines["y"] + lines["height"]


def test_an_unreachable_server_is_reported_with_a_retry_button(pane: Any) -> None:
    pane.unroute("**/log?*")
    pane.route("**/log?*", lambda route: route.fulfill(body="<html>"))
    add(pane, "line 1")
    pane.evaluate("pane.jump(500)")
    failure = pane.locator(".failure")
    until(lambda: failure.is_visible())
    assert "The server’s response is incomplete." in failure.inner_text()
    serve_log(pane, 600)
    failure.get_by_role("button").click()
    until(lambda: pane.locator("[aria-current]").count() == 1)
    assert failure.is_hidden()


BARS = [
    "start",
    *(f"epoch 1: {n:3d}%|##  | {n}/100" for n in (10, 55, 100)),
    "epoch 2:   5%|   | 5/100",
    "done",
]


def test_progress_bars_are_folded_into_their_last_state(pane: Any) -> None:
    add(pane, *BARS)
    visible_lines = pane.locator(".lines > div:visible")
    assert [text.removeprefix("+2") for text in visible_lines.all_text_contents()] == [BARS[0], *BARS[3:]]
    pane.get_by_role("button", name="Show 2 earlier states of this bar").click()
    assert visible_lines.count() == len(BARS)
    add(pane, "epoch 3: 10%|  |")
    add(pane, "epoch 3: 20%|  |")
    assert visible_lines.count() == len(BARS) + 1


def test_bars_that_are_done_stay_one_by_one(pane: Any) -> None:
    add(pane, *(f"epoch {n}: 100%|███| 30/30" for n in range(3)), *("10/10 ━━━━━ 1s" for _ in range(2)))
    assert len(numbers(pane)) == 5 and not pane.locator(".folded").count()


def test_earlier_lines_are_above_collapsed_lines(pane: Any) -> None:
    queries = serve_log(pane, 1000)
    pane.evaluate("frameOf(Array.from({ length: 1000 }, () => ''))")
    add(pane, *(f"epoch 1: {n:3d}%|##  | {n}/100" for n in range(101)))
    until(lambda: numbers(pane)[0] == "501")
    assert queries == ["before first"], "then the pane is full"
    assert pane.evaluate("pane.element.scrollHeight - pane.element.scrollTop - pane.element.clientHeight") < 2
    assert pane.locator("input[name=follow]").is_checked()


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        ("train:  45%|███▌  | 45/100 [00:03<00:04]", ["train:", 45]),
        ("12/100 ━━━━━━━ 3s 20ms/step", ["", 12]),
        ("Working ━━━━━╸    45% 0:00:07", ["Working", 45]),
        ("loss 0.53 acc 0.9:  7%|#", ["loss # acc #:", 7]),
        ("accuracy 45% | loss 3", ["accuracy", 45]),
        ("12:00:03 | epoch 3", None),
        ("read 3/4 files", None),
    ],
)
def test_a_bar_is_told_from_other_lines(js: Js, line: str, bar: Any) -> None:
    bar_of_line = js("log/fold.js", "(m, line) => m.barOf(line)", line)
    assert (bar_of_line and [bar_of_line["name"], bar_of_line["at"]]) == bar


def test_ten_thousand_lines_a_second_keep_the_page_small(pane: Any) -> None:
    pane.evaluate("""async () => {
        for (let turn = 0; turn < 60; turn += 1) {
            pane.add(frameOf(Array.from({ length: 167 }, (_, n) => `\x1b[32mstep\x1b[0m ${turn}.${n} loss 0.123`)));
            await new Promise((done) => requestAnimationFrame(done));
        }
        await drawn();
    }""")
    assert len(numbers(pane)) <= 3700 and numbers(pane)[-1] == "10020"
