"""One run alone and the others again: by Alt-click, and by a double click, whose first click has changed something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CODE = """async (module, clicks) => {
    const { readChoice } = await import("/static/js/workspace/address.js");
    history.replaceState(null, "", "/");
    const listed = ["a", "b", "c"], runs = new Map(listed.map((id) => [id, {}]));
    const visibleRuns = { listed, runs, get choice() { return readChoice(location.search); } };
    const choices = new module.Choices(visibleRuns, { changed() {}, problem() {} });
    const seen = [];
    for (const [name, ...of] of clicks) {
        choices[name](...of);
        const { solo, hide } = visibleRuns.choice;
        seen.push([solo, hide.join()]);
    }
    return seen;
}"""


@pytest.mark.parametrize("other", ["b", "c"], ids=["the same row", "the row that takes its place"])
def test_a_double_click_shows_a_run_alone_and_another_one_the_others(
    js: Callable[..., Any], other: str
) -> None:
    double = [["toggle", "b"], ["solo", other, 2]]
    assert js("workspace/choices.js", CODE, double + double)[1::2] == [["b", ""], ["", ""]]


def test_an_alt_click_does_the_same(js: Callable[..., Any]) -> None:
    assert js("workspace/choices.js", CODE, [["solo", "b", 1]] * 2) == [["b", ""], ["", ""]]
