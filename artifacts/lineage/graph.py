"""Lineage graph of versions and runs; the queries are passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Key = tuple[str, str, int]
"""Type, name and number of a version."""
Node = Key | str
"""A version, or the id of a run."""

USES = "uses"
PRODUCES = "produces"


@dataclass(frozen=True)
class Edge:
    """Data went from `source` to `target`.

    Attributes:
        source, target: a version and the run that uses it, or a run and the version that it produces.
        kind: `uses` or `produces`.
    """

    source: Node
    target: Node
    kind: str


@dataclass
class Lineage:
    """The neighbourhood of a version.

    Attributes:
        depths: every node with its distance from the root: below zero upstream, above zero downstream, the shorter
            one if both lead to it.
        edges: in the order they were found, each once.
    """

    root: Key
    depths: dict[Node, int] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    @property
    def versions(self) -> list[Key]:
        return [node for node in self.depths if not isinstance(node, str)]

    @property
    def runs(self) -> list[str]:
        return [node for node in self.depths if isinstance(node, str)]

    def within(self, depth: int) -> Lineage:
        """Return the part of the neighbourhood that is at most `depth` edges away."""
        depths = {node: distance for node, distance in self.depths.items() if abs(distance) <= depth}
        edges = {edge: None for edge in self.edges if edge.source in depths and edge.target in depths}
        return Lineage(self.root, depths, edges)


@dataclass(frozen=True)
class Questions:
    """Queries of the walk, one per level; each yields pairs of a run id and a version.

    Attributes:
        producers: runs that made the given versions.
        inputs: versions that the given runs used.
        consumers: runs that used the given versions.
        outputs: versions that the given runs made.
    """

    producers: Callable[[list[Key]], Iterable[tuple[str, Key]]]
    inputs: Callable[[list[str]], Iterable[tuple[str, Key]]]
    consumers: Callable[[list[Key]], Iterable[tuple[str, Key]]]
    outputs: Callable[[list[str]], Iterable[tuple[str, Key]]]


def walk(root: Key, depth: int, ask: Questions) -> Lineage:
    """Follow the data upstream and downstream of a version.

    Each direction is followed separately: siblings that merely share an ancestor are not included. A node is visited once
    per direction, so that cycles end.

    Args:
        depth: edges to follow in each direction.
        ask: queries for the edges, one per level and direction.
    """
    lineage = Lineage(root, {root: 0})
    _follow(lineage, depth, -1, ask.producers, ask.inputs)
    _follow(lineage, depth, 1, ask.consumers, ask.outputs)
    return lineage


def _follow(
    lineage: Lineage,
    depth: int,
    direction: int,
    runs_of: Callable[[list[Key]], Iterable[tuple[str, Key]]],
    versions_of: Callable[[list[str]], Iterable[tuple[str, Key]]],
) -> None:
    versions: list[Key] = [lineage.root]
    runs: list[str] = []
    visited: set[Node] = {lineage.root}
    for level in range(1, depth + 1):
        if level % 2:
            links = list(runs_of(versions)) if versions else []
            runs = list(dict.fromkeys(run for run, _ in links if run not in visited))
            new: list[Node] = [*runs]
        else:
            links = list(versions_of(runs)) if runs else []
            versions = list(dict.fromkeys(version for _, version in links if version not in visited))
            new = [*versions]
        for run, version in links:
            # Upstream a run of an odd level made the version; downstream it used it.
            produced = (direction < 0) == bool(level % 2)
            edge = Edge(run, version, PRODUCES) if produced else Edge(version, run, USES)
            lineage.edges[edge] = None
        visited.update(new)
        for node in new:
            distance = direction * level
            lineage.depths[node] = min(lineage.depths.get(node, distance), distance, key=abs)
        if not new:
            return
