"""Log lines as text: colours of terminals are shown, control characters are not, and the end is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Js = Callable[..., Any]

PANE = """async () => {
    document.body.innerHTML = `<link rel="stylesheet" href="/static/css/log.css"><div id="log">
        <input type="checkbox" name="follow" checked><p class="earlier" hidden>earlier</p>
        <div class="lines" style="height: 200px; overflow: auto"></div></div>`;
    const { LogPane } = await import("/static/js/log.js");
    window.pane = new LogPane(document.getElementById("log"));
    window.frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@pytest.fixture
def pane(modules: Any) -> Any:
    modules.evaluate(PANE)
    return modules


def add(page: Any, *lines: str) -> None:
    page.evaluate("(lines) => { pane.add(lines, 1); return frame(); }", list(lines))


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("plain", [["plain", ""]]),
        ("\x1b[32mok\x1b[0m done", [["ok", "ansi-green"], [" done", ""]]),
        ("\x1b[1;91mbad\x1b[22m.\x1b[39m", [["bad", "ansi-red bold"], [".", "ansi-red"]]),
        ("\x1b[38;5;4mblue\x1b[38;2;1;2;3mtrue", [["blue", "ansi-blue"], ["true", "ansi-blue"]]),
        ("a\x1b[2K\x1b[1Ab\x07\x00c\x7f", [["a", ""], ["b", ""], ["c", ""]]),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", [["link", ""]]),
        ("tab\there", [["tab\there", ""]]),
        ("\x1b", []),
    ],
)
def test_colours_are_shown_and_controls_are_not(js: Js, line: str, pieces: list[list[str]]) -> None:
    assert js("ansi.js", "(m, line) => m.pieces(line)", line) == pieces


def test_a_redrawn_line_is_shown_in_its_last_state(js: Js) -> None:
    code = "(m, lines) => lines.map(m.lastState)"
    assert js("ansi.js", code, ["1%\r50%\r100%", "10%\r99%\r", "whole"]) == ["100%", "99%", "whole"]


def test_markup_in_a_line_is_text(pane: Any) -> None:
    add(pane, "<img src=x onerror=alert(1)><b>not bold</b>")
    assert pane.locator(".lines img, .lines b").count() == 0
    assert pane.locator(".lines div").text_content() == "<img src=x onerror=alert(1)><b>not bold</b>"


def test_a_megabyte_in_a_line_is_shortened_until_somebody_wants_it(pane: Any) -> None:
    add(pane, "x" * 1_000_000)
    row = pane.locator(".lines div")
    assert len(row.text_content()) < 2100
    row.get_by_role("button", name="show all 1,000,000 characters").click()
    assert len(row.text_content()) == 1_000_000


def test_the_end_is_followed_until_somebody_scrolls_up(pane: Any) -> None:
    bottom = "(e => e.scrollHeight - e.clientHeight - e.scrollTop)(document.querySelector('.lines'))"
    add(pane, *(f"line {i}" for i in range(100)))
    assert pane.evaluate(bottom) < 2
    pane.evaluate("document.querySelector('.lines').scrollTop = 100")
    pane.evaluate("frame()")
    add(pane, "one more")
    assert not pane.locator("input[name=follow]").is_checked()
    assert pane.evaluate(bottom) > 500
    pane.locator("input[name=follow]").check()
    assert pane.evaluate(bottom) < 2
    pane.evaluate("frame()")
    add(pane, "the last")
    assert pane.evaluate(bottom) < 2


def test_a_page_holds_the_last_lines_and_says_where_the_others_are(pane: Any) -> None:
    add(pane, *(f"line {i}" for i in range(6000)))
    rows = pane.locator(".lines div")
    assert rows.count() == 5000
    assert rows.last.text_content() == "line 5999"
    assert pane.locator(".earlier").is_visible()
