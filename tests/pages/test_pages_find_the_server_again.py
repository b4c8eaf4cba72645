"""A page asks a server that is down every other second, and one that answers with errors less and less often."""

from __future__ import annotations

from typing import Any

import pytest

ASK = """async (status) => {
    const { poll } = await import("/static/js/poll.js");
    const seen = (window.seen = { asked: 0, isDown: true, events: [] });
    document.addEventListener("reconnected", () => seen.events.push("reconnected"));
    poll(async () => {
        seen.asked += 1;
        if (seen.isDown) throw Object.assign(new Error("down"), { status });
    }, () => 2000, (error) => seen.events.push(error ? "failed" : "over"));
}"""


@pytest.mark.parametrize("status", [0, 502, 503])
def test_the_page_is_right_within_three_seconds_after_the_server_is_back(modules: Any, status: int) -> None:
    page = modules.context.new_page()
    try:
        open_with_clock(page, modules)
        page.evaluate(ASK, status)
        page.clock.run_for(60_000)
        page.evaluate("Object.assign(seen, { isDown: false, events: [] })")
        page.clock.run_for(3_000)
        assert page.evaluate("seen.events") == ["over", "reconnected"]
        assert page.evaluate("seen.asked") < 80
    finally:
        page.close()


def test_a_server_that_answers_with_errors_is_asked_less_and_less(modules: Any) -> None:
    page = modules.context.new_page()
    try:
        open_with_clock(page, modules)
        page.evaluate(ASK, 500)
        page.clock.run_for(120_000)
        assert page.evaluate("seen.asked") < 9
    finally:
        page.close()


def open_with_clock(page: Any, modules: Any) -> None:
    """Open the page of modules in another tab, whose time the test sets."""
    page.clock.install()
    page.goto(modules.url)
