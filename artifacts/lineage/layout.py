"""Layout of a lineage: boxes in layers from left to right, and the lines between them.

Every line goes right unless it closes a cycle. A line over several layers passes between their boxes and has a
position in the order of each. The order is the best one found by barycentre sweeps (Sugiyama et al. 1981); vertical
positions are then as close to those of the neighbours as the order allows.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from artifacts.lineage.graph import Edge, Lineage, Node

WIDTH, HEIGHT = 184, 40
"""Size of a box in pixels, unless its text needs another width."""
GAP, ROW = 56, 52
"""Pixels between two layers, and between the tops of neighbouring boxes."""
AIR = 8
SWEEPS = 12
Waypoint = Hashable
"""A node, or the position of a long line in a layer."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node with the position of its upper left corner in pixels."""

    node: Node
    x: float
    y: float
    width: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as the `d` of a path, from its source to its target."""

    edge: Edge
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing, with its size in pixels.

    Attributes:
        crossings: number of crossings of lines between neighbouring layers.
    """

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]
    crossings: int


def nearest(lineage: Lineage, limit: int) -> tuple[list[Node], list[Edge]]:
    """Return the nodes nearest to the root, at most `limit`, and the edges between them."""
    nodes = sorted(lineage.depths, key=lambda node: abs(lineage.depths[node]))[:limit]
    visible = set(nodes)
    return nodes, [edge for edge in lineage.edges if edge.source in visible and edge.target in visible]


def draw(nodes: Sequence[Node], edges: Iterable[Edge], widths: Mapping[Node, int] | None = None) -> Picture:
    """Lay out a graph; cycles are allowed.

    Args:
        nodes: of the graph, without duplicates.
        edges: between these nodes.
        widths: of the boxes in pixels, `WIDTH` for a node without one.
    """
    every = list(dict.fromkeys(edges))
    layer_of, turned = layered(nodes, every)
    chains = {edge: _chain(edge, layer_of, edge in turned) for edge in every}
    layers = _first_order(nodes, layer_of, chains.values())
    before, right = _neighbours(chains.values())
    layers, crossed = _untangled(layers, before, right)
    heights = _heights(layers, before, right)
    width_of = {node: (widths or {}).get(node, WIDTH) for node in nodes}
    columns = _columns(len(layers), layer_of, width_of)
    boxes = [
        Box(node, columns[layer_of[node]].left, heights[node] - HEIGHT / 2, width_of[node]) for node in nodes
    ]
    lines = [
        Line(edge, _path(chain, layer_of, heights, columns, width_of, edge in turned))
        for edge, chain in chains.items()
    ]
    bottom = max([0.0, *(box.y + HEIGHT for box in boxes), *heights.values()])
    right_end = columns[-1].right + AIR if columns else 0
    return Picture(right_end, round(bottom + AIR), boxes, lines, crossed)


@dataclass(frozen=True, slots=True)
class Column:
    """The edges of a layer in pixels; it is as wide as its widest box."""

    left: int
    right: int


def _columns(count: int, layer_of: Mapping[Node, int], width_of: Mapping[Node, int]) -> list[Column]:
    widest = [0] * count
    for node, layer in layer_of.items():
        widest[layer] = max(widest[layer], width_of[node])
    columns: list[Column] = []
    x = AIR
    for width in widest:
        columns.append(Column(x, x + width))
        x += width + GAP
    return columns


def layered(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[dict[Node, int], set[Edge]]:
    """Return the layer of each node, starting at 0, and the edges that go left because they close a cycle.

    A node's layer is the length of the longest path to it; a source is placed directly before its first successor.
    """
    out: dict[Node, list[Edge]] = {node: [] for node in nodes}
    for edge in edges:
        out[edge.source].append(edge)
    order, turned = _depth_first(nodes, out)
    after: dict[Node, list[Node]] = {node: [] for node in nodes}
    for edge in edges:
        first, second = (edge.target, edge.source) if edge in turned else (edge.source, edge.target)
        after[first].append(second)
    layer_of = dict.fromkeys(nodes, 0)
    for node in order:
        for follower in after[node]:
            layer_of[follower] = max(layer_of[follower], layer_of[node] + 1)
    for node in reversed(order):
        if after[node]:
            layer_of[node] = min(layer_of[follower] for follower in after[node]) - 1
    lowest = min(layer_of.values(), default=0)
    return {node: layer - lowest for node, layer in layer_of.items()}, turned


def _depth_first(nodes: Sequence[Node], out: Mapping[Node, list[Edge]]) -> tuple[list[Node], set[Edge]]:
    """Return a topological order, and the back edges of the search."""
    targets = {edge.target for edges in out.values() for edge in edges}
    is_finished: dict[Node, bool] = {}
    postorder: list[Node] = []
    back_edges: set[Edge] = set()
    for start in sorted(nodes, key=lambda node: node in targets):
        if start in is_finished:
            continue
        is_finished[start] = False
        stack = [(start, iter(out[start]))]
        while stack:
            node, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                is_finished[node] = True
                postorder.append(node)
                stack.pop()
            elif edge.target not in is_finished:
                is_finished[edge.target] = False
                stack.append((edge.target, iter(out[edge.target])))
            elif not is_finished[edge.target]:
                back_edges.add(edge)
    return postorder[::-1], back_edges


def _chain(edge: Edge, layer_of: Mapping[Node, int], is_turned: bool) -> list[Waypoint]:
    """Return the positions of a line from left to right."""
    first, last = (edge.target, edge.source) if is_turned else (edge.source, edge.target)
    between = range(layer_of[first] + 1, layer_of[last])
    return [first, *((edge, layer) for layer in between), last]


def _first_order(
    nodes: Sequence[Node], layer_of: Mapping[Node, int], chains: Iterable[list[Waypoint]]
) -> list[list[Waypoint]]:
    layers: list[list[Waypoint]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for node in nodes:
        layers[layer_of[node]].append(node)
    for first, *between, _ in chains:
        for layer, place in enumerate(between, start=layer_of[first] + 1):  # type: ignore[index]
            layers[layer].append(place)
    return layers


Neighbours = dict[Waypoint, list[Waypoint]]


def _neighbours(chains: Iterable[list[Waypoint]]) -> tuple[Neighbours, Neighbours]:
    before: Neighbours = {}
    right: Neighbours = {}
    for chain in chains:
        for waypoint, other in pairwise(chain):
            right.setdefault(waypoint, []).append(other)
            before.setdefault(other, []).append(waypoint)
    return before, right


def _untangled(
    layers: list[list[Waypoint]], before: Neighbours, right: Neighbours
) -> tuple[list[list[Waypoint]], int]:
    best, fewest = layers, crossings(layers, right)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forth = sweep % 2 == 0
        layers = [list(layer) for layer in layers]
        for number in range(1, len(layers)) if forth else range(len(layers) - 2, -1, -1):
            beside = {place: at for at, place in enumerate(layers[number - 1 if forth else number + 1])}
            _sort(layers[number], beside, before if forth else right)
        crossed = crossings(layers, right)
        if crossed < fewest:
            best, fewest = layers, crossed
    return best, fewest


def _sort(layer: list[Waypoint], beside: Mapping[Waypoint, int], neighbours: Neighbours) -> None:
    def barycentre(item: tuple[int, Waypoint]) -> float:
        at, place = item
        near = [beside[waypoint] for waypoint in neighbours.get(place, ())]
        return sum(near) / len(near) if near else float(at)

    layer[:] = [place for _, place in sorted(enumerate(layer), key=barycentre)]


def crossings(layers: Sequence[Sequence[Waypoint]], right: Neighbours) -> int:
    count = 0
    for layer, following in pairwise(layers):
        at = {place: number for number, place in enumerate(following)}
        previous_ends: list[int] = []
        for place in layer:
            ends = sorted(at[other] for other in right.get(place, ()))
            count += sum(len(previous_ends) - bisect_right(previous_ends, end) for end in ends)
            for end in ends:
                insort(previous_ends, end)
    return count


def _heights(layers: list[list[Waypoint]], before: Neighbours, right: Neighbours) -> dict[Waypoint, float]:
    """Return the vertical centre of every position in pixels, next to its neighbours where the order allows."""
    y = {place: float(number * ROW) for layer in layers for number, place in enumerate(layer)}
    for sweep in range(SWEEPS):
        sides = (before,) if sweep % 3 == 0 else (right,) if sweep % 3 == 1 else (before, right)
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            targets = []
            for place in layer:
                near = [y[neighbour] for side in sides for neighbour in side.get(place, ())]
                targets.append(sum(near) / len(near) if near else y[place])
            y.update(zip(layer, _apart(targets), strict=True))
    top = min(y.values(), default=0.0)
    return {place: value - top + AIR + HEIGHT / 2 for place, value in y.items()}


def _apart(targets: Sequence[float]) -> list[float]:
    """Return positions in the same order, at least a row apart, as close to the wanted ones as possible (least squares)."""
    pools: list[tuple[float, int]] = []
    for number, value in enumerate(targets):
        pool = (value - number * ROW, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, count = pools.pop()
            pool = ((mean * count + pool[0] * pool[1]) / (count + pool[1]), count + pool[1])
        pools.append(pool)
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + number * ROW for number, mean in enumerate(means)]


def _path(
    chain: list[Waypoint],
    layer_of: Mapping[Node, int],
    heights: Mapping[Waypoint, float],
    columns: Sequence[Column],
    width_of: Mapping[Node, int],
    is_turned: bool,
) -> str:
    """Return curves between the layers, straight past the boxes in between."""
    first = layer_of[chain[0]]  # type: ignore[index]
    points: list[tuple[float, float]] = []
    for number, place in enumerate(chain):
        column, y = columns[first + number], heights[place]
        points += [(column.left, y)] if number else []
        end = column.right if number else column.left + width_of[place]  # type: ignore[index]
        points += [(end, y)] if number < len(chain) - 1 else []
    if is_turned:
        points.reverse()
    parts = [f"M{points[0][0]:g} {points[0][1]:.1f}"]
    for (from_x, y), (to_x, to_y) in pairwise(points):
        middle = (from_x + to_x) / 2
        parts.append(f"C{middle:g} {y:.1f} {middle:g} {to_y:.1f} {to_x:g} {to_y:.1f}")
    return "".join(parts)
