"""Which runs are visible in the charts layout: by default, by the address, and after each choice of a user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict

from runs.pages.table.state import TableState
from runs.pages.workspace.views import candidates

LISTED = [f"r{i:02d}" for i in range(14)]
QUERIES = [
    "",
    "show=r12",
    "show=r12&show=elsewhere&hide=r01",
    "show=all",
    "show=all&hide=r03",
    "hide=all",
    "hide=all&show=r05&show=r01",
    "runs=r03,r01&hide=r01",
    "solo=r07",
]


def chosen(js: Callable[..., Any], function: str, query: str, *arguments: Any) -> Any:
    """What a function of `visibility.js` makes of the choice in an address and the listed runs."""
    code = f"""async (module, [search, listed, ...more]) => {{
        const {{ readChoice }} = await import("/static/js/workspace/address.js");
        return ({function})(module, readChoice(search), listed, ...more);
    }}"""
    return js("workspace/visibility.js", code, [f"?{query}", LISTED, *arguments])


@pytest.mark.parametrize("query", QUERIES)
def test_server_and_page_choose_the_same_runs(js: Callable[..., Any], query: str) -> None:
    state = TableState.read(QueryDict(f"layout=charts&{query}"))
    runs = [run for run in LISTED if not state.runs or run in state.runs]
    code = "(m, choice, all) => m.candidates(choice, all.filter((id) => !choice.runs.length || choice.runs.includes(id)))"
    assert candidates(state, runs) == chosen(js, code, query)


def test_at_most_a_hundred_runs_are_visible(js: Callable[..., Any]) -> None:
    many = [f"r{i:03d}" for i in range(200)]
    assert len(candidates(TableState.read(QueryDict("show=all")), many)) == 100
    code = "(m, many) => m.candidates({ runs: [], show: ['all'], hide: [] }, many).length"
    assert js("workspace/visibility.js", code, many) == 100


@pytest.mark.parametrize(
    ("query", "change", "expected"),
    [
        ("", "toggled(choice, listed, 'r00')", LISTED[1:10]),
        ("", "toggled(choice, listed, 'r11')", [*LISTED[:10], "r11"]),
        ("show=r11", "toggled(choice, listed, 'r11')", LISTED[:10]),
        ("hide=r00", "soloed(choice, 'r00')", ["r00"]),
        ("solo=r02", "soloed(choice, 'r02')", LISTED[:10]),
        ("solo=r02", "toggled(choice, listed, 'r04')", ["r02", "r04"]),
        ("", "allShown(choice, true)", LISTED),
        ("show=r11", "allShown(choice, false)", []),
        ("hide=all", "added(choice, listed, 'r03')", ["r03"]),
        ("hide=r03", "added(choice, listed, 'r03')", LISTED[:10]),
        ("", "removed(choice, listed, 'r09')", LISTED[:9]),
        ("show=r11", "removed(choice, listed, 'r11')", LISTED[:10]),
    ],
)
def test_a_choice_shows_and_hides_runs(
    js: Callable[..., Any], query: str, change: str, expected: list[str]
) -> None:
    assert chosen(js, f"(m, choice, listed) => m.visible(m.{change}, listed)", query) == expected
