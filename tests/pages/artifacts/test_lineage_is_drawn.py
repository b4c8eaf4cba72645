"""The picture of a lineage: all lines go to the right, no boxes overlap, few lines cross."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import runicorn as rn
from artifacts.lineage.graph import PRODUCES, USES, Edge, Key, Lineage, Node, Questions, walk
from artifacts.lineage.layout import GAP, HEIGHT, ROW, WIDTH, draw, layered, nearest
from artifacts.pages.lineage import fitted, text_width
from tests.pages.markup import Markup
from tests.processes import Viewer
from tests.screens import Screen
from tests.waiting import until

Page = Callable[..., Markup]


def version(number: int) -> Node:
    return ("model", f"m{number}", 1)


def graph(pairs: list[tuple[int, int]], is_output: bool = True) -> tuple[list[Node], list[Edge]]:
    """Runs are even, versions odd numbers."""
    edges = []
    for first, other in pairs:
        ends = [version(n) if n % 2 else f"run{n}" for n in (first, other)]
        edges.append(Edge(ends[0], ends[1], PRODUCES if is_output else USES))
    return list(dict.fromkeys(node for edge in edges for node in (edge.source, edge.target))), edges


GRAPHS = st.lists(
    st.tuples(st.integers(0, 24), st.integers(0, 24)).filter(lambda p: p[0] != p[1]), max_size=50
)


@given(GRAPHS)
def test_any_graph_is_drawn_without_overlaps(pairs: list[tuple[int, int]]) -> None:
    nodes, edges = graph(pairs)
    picture = draw(nodes, edges)
    assert {box.node for box in picture.boxes} == set(nodes)
    assert {line.edge for line in picture.lines} == set(edges)
    for column in {box.x for box in picture.boxes}:
        heights = sorted(box.y for box in picture.boxes if box.x == column)
        assert all(below - above >= ROW - 0.01 for above, below in itertools.pairwise(heights))
    for box in picture.boxes:
        assert 0 <= box.x <= picture.width - WIDTH and 0 <= box.y <= picture.height - HEIGHT
    layers, turned = layered(nodes, edges)
    for edge in edges:
        assert (layers[edge.source] < layers[edge.target]) != (edge in turned)


@given(GRAPHS)
def test_without_a_circle_every_line_goes_to_the_right(pairs: list[tuple[int, int]]) -> None:
    nodes, edges = graph([(min(pair), max(pair)) for pair in pairs])
    assert layered(nodes, edges)[1] == set()
    x = {box.node: box.x for box in draw(nodes, edges).boxes}
    assert all(x[edge.target] - x[edge.source] >= WIDTH + GAP for edge in edges)


def test_a_chain_is_straight() -> None:
    nodes, edges = graph([(0, 1), (1, 2), (2, 3)])
    picture = draw(nodes, edges)
    assert len({box.y for box in picture.boxes}) == 1
    assert [box.x for box in picture.boxes] == sorted(box.x for box in picture.boxes)


def test_avoidable_crossings_are_removed() -> None:
    crossed = [(0, 11), (2, 9), (4, 7), (6, 5), (8, 3), (10, 1)]
    assert draw(*graph(crossed)).crossings == 0
    tree = [(1, 2 * n) for n in range(1, 8)] + [(2 * n, 100 - 2 * n + 1) for n in range(1, 8)]
    assert draw(*graph(tree)).crossings == 0


def test_a_long_line_passes_between_the_boxes() -> None:
    nodes, edges = graph([(1, 2), (2, 3), (3, 4), (1, 4)])
    picture = draw(nodes, edges)
    middle = next(box for box in picture.boxes if box.node == version(3))
    line = next(drawn_line.path for drawn_line in picture.lines if drawn_line.edge == edges[3])
    heights = [float(part.split()[1]) for part in line.replace("M", "").split("C")]
    ends = [float(part.split()[-1]) for part in line.split("C")[1:]]
    assert any(abs(y - middle.y - HEIGHT / 2) > HEIGHT / 2 for y in [*heights, *ends])


def test_a_run_that_used_what_it_made_ends_in_a_circle() -> None:
    nodes, edges = graph([(1, 2), (2, 1)])
    picture = draw(nodes, edges)
    assert len(picture.boxes) == len(picture.lines) == 2


def test_sixty_nodes_are_drawn_at_once() -> None:
    pairs = [(n, n + 1 + (n * 7) % 5) for n in range(55)] + [(n, n + 3) for n in range(0, 55, 2)]
    nodes, edges = graph(pairs)
    assert len(nodes) >= 55
    began = time.thread_time()
    draw(nodes, edges)
    assert time.thread_time() - began < 1


def test_nothing_is_drawn_of_nothing() -> None:
    picture = draw([], [])
    assert (picture.width, picture.boxes, picture.lines) == (0, [], [])


def test_the_nearest_of_too_many_nodes_are_drawn() -> None:
    nodes, edges = graph([(1, 2), (2, 3), (3, 4)])
    lineage = Lineage(nodes[0], {node: depth for depth, node in enumerate(nodes)}, dict.fromkeys(edges))  # type: ignore[arg-type]
    nearest_nodes, between = nearest(lineage, 2)
    assert nearest_nodes == nodes[:2] and between == edges[:1]


def test_long_names_are_cut_by_their_width() -> None:
    assert fitted("short", 100) == "short"
    for text in ("x" * 80, "W" * 80, "i" * 200, "模" * 80, "e\u0301" * 80):
        cut = fitted(text, 200)
        assert cut.endswith("…") and 170 < text_width(cut) <= 200
    assert text_width("WWW") > text_width("iii")


def test_boxes_of_different_widths_do_not_overlap() -> None:
    nodes, edges = graph([(1, 2), (1, 4), (2, 3), (4, 3)])
    widths = dict(zip(nodes, (90, 300, 60, 400), strict=True))
    picture = draw(nodes, edges, widths)
    boxes = {box.node: box for box in picture.boxes}
    assert {node: box.width for node, box in boxes.items()} == widths
    for edge, line in ((line.edge, line.path) for line in picture.lines):
        source, target = boxes[edge.source], boxes[edge.target]
        assert source.x + source.width + GAP <= target.x
        assert line.startswith(f"M{source.x + source.width:g} ") and f" {target.x:g} " in line
    assert picture.width == max(box.x + box.width for box in picture.boxes) + 8


@pytest.mark.django_db
def test_the_page_has_the_lineage_as_a_picture_and_as_text(
    page: Page, model: str, run: rn.Run, write: Callable[..., Path]
) -> None:
    run.finish()
    with rn.init(
        "p", "<b>eval", storage=run.run_dir.parents[3], capture_env=False, system_metrics=False
    ) as other:
        other.use_artifact("m:v3")
    markup = page(f"{model}/v3")
    titles = markup.texts("title")[1:]
    assert set(titles) == {
        "Run n, p, finished",
        "Run <b>eval, p, finished",
        "Version m:v3, model, 12 B",
        "Version d:v1, dataset, 12 B",
    }
    links = {
        element.attributes["href"]
        for element in markup.all("a")
        if any(p.tag == "svg" for p in element.parents)
    }
    assert links == {f"/runs/{run.id}", f"/runs/{other.id}", f"{model}/v3", "/artifacts/dataset/d/v1"}
    assert not [element for element in markup.elements if "style" in element.attributes]
    words = markup.texts("details", "in-words")[0]
    assert "used d:v1 made m:v3" in words and "made by n" in words
    lonely = page(f"{model}/v3?depth=1")
    assert "d:v1" not in lonely.texts("details", "in-words")[0]
    assert page(f"{model}/v3?depth=nonsense").texts("h1") == ["m v3"]


@pytest.mark.django_db
def test_a_lineage_cut_by_its_depth_says_so_on_that_side_and_offers_more(page: Page, model: str) -> None:
    earlier, later = "Earlier runs and versions are not shown.", "Later runs and versions are not shown."
    dataset = "/artifacts/dataset/d/v1"
    for address, hint in ((f"{model}/v3", earlier), (dataset, later)):
        markup = page(f"{address}?depth=1")
        assert markup.texts("p", "cut-off") == [f"{hint} Show depth 2"]
        assert f"{address}?depth=2#lineage" in [link.attributes["href"] for link in markup.all("a")]
        assert page(address).texts("p", "cut-off") == [], "depth 4 shows all"


def test_the_nearest_way_to_a_node_counts() -> None:
    a, b = ("model", "a", 1), ("model", "b", 1)
    makers: dict[str, list[Key]] = {"r1": [b], "r2": [a]}
    users: dict[str, list[Key]] = {"r1": [a], "r2": [b]}

    def of_runs(table: dict[str, list[Key]]) -> Callable[[list[str]], list[tuple[str, Key]]]:
        return lambda runs: [(run, key) for run in runs for key in table[run]]

    def of_keys(table: dict[str, list[Key]]) -> Callable[[list[Key]], list[tuple[str, Key]]]:
        return lambda keys: [(run, key) for run, held in table.items() for key in held if key in keys]

    lineage = walk(a, 3, Questions(of_keys(makers), of_runs(users), of_keys(users), of_runs(makers)))
    assert lineage.depths == {a: 0, "r2": -1, b: -2, "r1": 1}
    assert set(lineage.within(1).depths) == {a, "r1", "r2"}
    assert set(lineage.within(1).edges) == {Edge("r2", a, PRODUCES), Edge(a, "r1", USES)}


@pytest.mark.journey
def test_names_stay_within_their_boxes(
    chromium: Any, screen: Screen, viewer: Viewer, run: rn.Run, write: Callable[..., Path]
) -> None:
    from tests.browser import careful_page

    for name in ("checkpoint-of-the-very-long-" * 4, "seeds-feed-the-needed-feeds-", "WAVE_MAP.0123456789"):
        run.log_artifact(rn.Artifact(name, "model").add_file(write("w.txt", name)))
        run.use_artifact(f"{name}:v1")
    with careful_page(chromium, **screen.options) as page:
        page.goto(f"{viewer.url}/artifacts/model/WAVE_MAP.0123456789/v1")
        until(lambda: page.locator(".node").count() == 4)
        until(lambda: page.evaluate("document.fonts.status") == "loaded")
        spaces = page.locator(".node").evaluate_all(
            """nodes => nodes.flatMap(node => [...node.querySelectorAll("text")].map(text =>
                 node.querySelector("rect").getBBox().width - 2 * text.getAttribute("x") - text.getComputedTextLength()))"""
        )
        assert len(spaces) == 8 and min(spaces) > -2
