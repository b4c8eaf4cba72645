"""`layer_10` stands after `layer_2`: on the server's pages, and where a chart is added while a page is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runicorn_site.web.natural_sort import natural

NAMES = [
    "",
    "acc",
    "layer",
    "layer_1",
    "layer_2",
    "layer_2/a",
    "layer_10",
    "layer_x",
    "v1.9",
    "v1.10",
    "z01",
    "z1",
]


def test_numbers_in_names_count() -> None:
    assert sorted(set(NAMES), key=natural) == NAMES
    assert sorted(["1" * 5000, "2", "\u0665"], key=natural) == ["2", "1" * 5000, "\u0665"]


@given(st.lists(st.text("ab01_/"), max_size=6))
def test_every_name_has_a_position(names: list[str]) -> None:
    assert sorted(names, key=natural) == sorted(sorted(names), key=natural)


def test_pages_that_are_open_keep_the_order(js: Callable[..., Any]) -> None:
    code = "(m, names) => names.toReversed().sort(m.natural)"
    assert js("run/natural.js", code, NAMES) == NAMES
    pairs = [[a, b] for a in NAMES for b in NAMES]
    signs = js("run/natural.js", "(m, pairs) => pairs.map(([a, b]) => Math.sign(m.natural(a, b)))", pairs)
    assert signs == [(natural(a) > natural(b)) - (natural(a) < natural(b)) for a, b in pairs]


def test_charts_stand_in_that_order(
    store: Path, make_run: Callable[..., str], page: Callable[..., Any]
) -> None:
    run = make_run(store, metrics=[{"b/w10": 1.0, "b/w2": 1.0, "a10": 1.0, "a9": 1.0}])
    figures = page(f"/runs/{run}").all("figure")
    names = [element.attributes["data-name"] for element in figures if "data-name" in element.attributes]
    assert names == ["a9", "a10", "b/w2", "b/w10"]
