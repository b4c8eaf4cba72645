"""Arrangement of charts by a board: sections, order, pinned and hidden charts, items, and changes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NAMES = ["val/acc", "val/loss", "train/loss", "lr", "system/cpu"]
METRICS = [{"name": name, "group": name.rpartition("/")[0], "timeOnly": False} for name in NAMES]
MODULE = "board/arrange/arrangement.js"
SHOWN = """(m, [board, metrics, options]) => m.arrange(board, metrics, options).sections
    .map(({key, cells}) => [key, cells.map(({name}) => name)])"""
DEFAULT = [
    ["prefix:val/", ["val/acc", "val/loss"]],
    ["prefix:train/", ["train/loss"]],
    ["prefix:", ["lr"]],
    ["prefix:system/", ["system/cpu"]],
]
Js = Callable[..., Any]


@pytest.fixture
def arranged(js: Js) -> Callable[..., Any]:
    """`arranged({"pinned": ["lr"]})`: the sections that a board shows of the metrics, each with its cells."""
    return lambda board, options=None, metrics=METRICS: js(MODULE, SHOWN, [board, metrics, options or {}])


@pytest.fixture
def changed(js: Js) -> Callable[..., Any]:
    """`changed("moveCell", board, name, key, before)`: the board after a change."""

    def run(name: str, board: Any, *arguments: Any) -> Any:
        module = "section_changes" if "ection" in name or name == "foldAll" else "changes"
        call = f"(m, [board, metrics, given]) => m.{name}(board, metrics, ...given)"
        return js(f"board/arrange/{module}.js", call, [board, METRICS, list(arguments)])

    return run


def test_an_empty_board_keeps_the_default_order(arranged: Any) -> None:
    assert arranged({}) == DEFAULT


def test_pinned_charts_come_first_and_hidden_ones_are_left_out(arranged: Any) -> None:
    board = {"pinned": ["lr", "gone"], "hidden": ["val/loss"]}
    expected = [["pinned", ["lr"]], ["prefix:val/", ["val/acc"]], DEFAULT[1], DEFAULT[3]]
    assert arranged(board) == expected
    assert arranged(board, {"showsHidden": True}) == [*expected, ["hidden", ["val/loss"]]]


def test_a_section_that_is_only_folded_keeps_its_default_place(arranged: Any, changed: Any) -> None:
    board = changed("changeSection", {}, "prefix:system/", {"folded": True})
    assert board == {"sections": [{"prefix": "system/", "folded": True}]}
    assert arranged(board) == DEFAULT


def test_listed_sections_keep_the_order_of_the_board(arranged: Any) -> None:
    sections = [{"title": "Losses", "match": "loss$"}, {"prefix": "system/"}, {"prefix": "val/"}]
    assert arranged({"sections": sections})[0] == ["match:loss$", ["val/loss", "train/loss"]]
    keys = [key for key, _ in arranged({"sections": sections})]
    assert keys.index("prefix:system/") < keys.index("prefix:val/")


def test_items_come_before_other_charts_and_a_titled_chart_leaves_those_of_its_metrics(arranged: Any) -> None:
    items = [
        {"markdown": "# Notes"},
        {"metrics": ["train/loss", "val/loss"], "title": "Losses"},
        {"metrics": ["val/loss"]},
        {"match": "acc"},
        {"metrics": ["gone"]},
    ]
    board = {"sections": [{"prefix": "val/", "items": items}]}
    assert arranged(board)[0] == ["prefix:val/", ["text:# Notes", "Losses", "val/loss", "acc", "val/acc"]]


def test_a_chart_without_a_title_is_that_of_its_first_metric(arranged: Any) -> None:
    board = {"sections": [{"prefix": "val/", "items": [{"metrics": ["val/loss", "train/loss"]}]}]}
    assert arranged(board)[0] == ["prefix:val/", ["val/loss", "val/acc"]]


@pytest.mark.parametrize("match", ["loss$", "LOSS$"])
def test_a_chart_draws_the_metrics_that_its_board_says(js: Js, match: str) -> None:
    board = {"sections": [{"items": [{"match": match}]}]}
    cells = js(
        MODULE, "(m, given) => m.arrange(...given).sections.flatMap(({cells}) => cells)", [board, METRICS]
    )
    of_board = [cell["metrics"] for cell in cells if cell["name"] == match]
    metrics = js("chart/options.js", "(m, [match, names]) => m.metricsOf({match}, '', names)", [match, NAMES])
    assert metrics == (of_board[0] if of_board else [""])


def test_an_invalid_expression_matches_nothing(arranged: Any) -> None:
    assert arranged({"sections": [{"match": "(?P<x>a"}]}) == DEFAULT


def test_charts_move_within_and_between_sections(arranged: Any, changed: Any) -> None:
    within = changed("moveCell", {}, "val/loss", "prefix:val/", "val/acc")
    assert arranged(within)[0] == ["prefix:val/", ["val/loss", "val/acc"]]
    between = changed("moveCell", within, "lr", "prefix:val/", "val/acc")
    assert arranged(between)[0] == ["prefix:val/", ["val/loss", "lr", "val/acc"]]
    assert [key for key, _ in arranged(between)] == ["prefix:val/", "prefix:train/", "prefix:system/"]
    to_the_end = changed("moveCell", between, "val/loss", "prefix:system/", None)
    assert arranged(to_the_end)[-1] == ["prefix:system/", ["system/cpu", "val/loss"]]


def test_a_pinned_chart_that_moves_into_a_section_is_no_longer_pinned(arranged: Any, changed: Any) -> None:
    board = changed("moveCell", {"pinned": ["lr", "val/acc"]}, "val/acc", "pinned", "lr")
    assert arranged(board)[0] == ["pinned", ["val/acc", "lr"]]
    back = changed("moveCell", board, "val/acc", "prefix:train/", None)
    assert arranged(back)[0] == ["pinned", ["lr"]]
    assert ["prefix:train/", ["train/loss", "val/acc"]] in arranged(back)


def test_options_of_a_chart_leave_it_where_it_is(arranged: Any, changed: Any) -> None:
    board = changed("changeItem", {}, "val/loss", {"y_log": True, "size": [8, 1]})
    assert arranged(board) == DEFAULT
    last = board["sections"][0]["items"][-1]
    assert last == {"metrics": ["val/loss"], "y_log": True, "size": [8, 1]}
    again = changed("changeItem", board, "val/loss", {"y_log": None})
    assert again["sections"][0]["items"][-1]["y_log"] is None


def test_sections_move_and_are_removed(arranged: Any, changed: Any) -> None:
    up = changed("moveSection", {}, "prefix:system/", -1)
    assert [key for key, _ in arranged(up)] == ["prefix:val/", "prefix:train/", "prefix:system/", "prefix:"]
    added = changed("addSection", up, {"title": "Mine"})
    assert arranged(added)[0] == ["title:Mine", []]
    filled = changed("moveCell", added, "lr", "title:Mine", None)
    assert arranged(filled)[0] == ["title:Mine", ["lr"]]


def test_large_sections_of_very_many_charts_start_folded_but_the_first(js: Js) -> None:
    metrics = [{"name": f"g{n % 4}/m{n}", "group": f"g{n % 4}", "timeOnly": False} for n in range(400)]
    folded = "(m, [board, metrics]) => m.arrange(board, metrics).sections.map(({folded}) => folded)"
    assert js(MODULE, folded, [{}, metrics]) == [False, True, True, True]
    assert js(MODULE, folded, [{"pinned": ["g2/m2"]}, metrics]) == [False, False, True, True, True]
    assert js(MODULE, folded, [{"sections": [{"prefix": "g1/", "folded": True}]}, metrics]).count(False) == 1
    assert js(MODULE, folded, [{}, metrics[:200]]) == [False] * 4
