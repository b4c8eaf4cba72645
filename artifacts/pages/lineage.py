"""Context of the lineage of a version: a graph and a list of its nodes."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from typing import TypedDict

from django.urls import reverse
from django.utils.translation import gettext as _

from artifacts.api.requests import DEEPEST
from artifacts.lineage import query
from artifacts.lineage.graph import PRODUCES, Lineage, Node
from artifacts.lineage.layout import HEIGHT, Picture, draw, nearest
from artifacts.models import Version
from runicorn.api.responses.artifacts import NodeMetadata
from runicorn_site.web.templatetags.ui import size

USUAL_DEPTH = 4
MOST = 80
"""Nodes that are drawn."""
LEAST, MOST_PIXELS = 64, 360
"""Pixels of text in a box; a longer one is cut."""


@dataclass
class NodeBox:
    """A node with its labels and its URL, "" if it is not in the store."""

    label: str
    short: str
    detail: str
    kind: str
    address: str
    here: bool
    x: float = 0.0
    y: float = 0.0
    sources: list[NodeBox] = field(default_factory=list)
    targets: list[NodeBox] = field(default_factory=list)

    @property
    def short_detail(self) -> str:
        """The second line in the box."""
        return fitted(self.detail, MOST_PIXELS)

    @property
    def width(self) -> int:
        """Width of the box in pixels."""
        text = max(LEAST, text_width(self.short), text_width(self.short_detail))
        return math.ceil(text + 2 * self.indent)

    @property
    def kind_label(self) -> str:
        return _("Run") if self.kind == "run" else _("Version")

    @property
    def title(self) -> str:
        return f"{self.kind_label} {self.label}, {self.detail}"

    @property
    def radius(self) -> int:
        return 20 if self.kind == "run" else 4

    @property
    def indent(self) -> int:
        return 16 if self.kind == "run" else 10


class DrawnLine(TypedDict):
    path: str
    made: bool


class LineagePanel(TypedDict):
    """Context of the lineage of a version: the drawing and its nodes as a list.

    `has_earlier` and `has_later` say on which side `depth` cuts it, and `greater_depth` is the depth that a link offers,
    0 without a link.
    """

    picture: Picture
    lines: list[DrawnLine]
    nodes: list[NodeBox]
    height: int
    left_out: int
    drawn: int
    depth: int
    depths: range
    has_earlier: bool
    has_later: bool
    greater_depth: int
    alone: bool


def panel(version: Version, depth_asked: str) -> LineagePanel:
    depth = (
        int(depth_asked)
        if depth_asked.isascii() and depth_asked.isdigit() and len(depth_asked) < 3
        else USUAL_DEPTH
    )
    depth = max(1, min(depth, DEEPEST))
    beyond = query.follow(version, depth + 1)
    lineage = beyond.within(depth)
    nodes, edges = nearest(lineage, MOST)
    left_out = len(lineage.depths) - len(nodes)
    boxes = _boxes(version, lineage, nodes)
    picture = draw(nodes, edges, {node: about.width for node, about in boxes.items()})
    for box in picture.boxes:
        boxes[box.node].x, boxes[box.node].y = box.x, box.y
    for edge in edges:
        boxes[edge.source].targets.append(boxes[edge.target])
        boxes[edge.target].sources.append(boxes[edge.source])
    return {
        "picture": picture,
        "lines": [{"path": line.path, "made": line.edge.kind == PRODUCES} for line in picture.lines],
        "nodes": sorted(boxes.values(), key=lambda node: (node.x, node.y)),
        "height": HEIGHT,
        "left_out": left_out,
        "drawn": len(nodes),
        "depth": depth,
        "depths": range(1, DEEPEST + 1),
        # A greater depth adds no nodes where there are too many within this one.
        "has_earlier": not left_out and -depth - 1 in beyond.depths.values(),
        "has_later": not left_out and depth + 1 in beyond.depths.values(),
        "greater_depth": min(2 * depth, DEEPEST) if depth < DEEPEST else 0,
        "alone": not edges,
    }


def _boxes(version: Version, lineage: Lineage, nodes: list[Node]) -> dict[Node, NodeBox]:
    labels, about = query.labels_of(lineage), query.node_metadata(version.artifact.root, lineage)
    return {
        node: _run(node, about.get(node))
        if isinstance(node, str)
        else _version(node, labels[node], about.get(node), lineage)
        for node in nodes
    }


def _run(run_id: str, about: NodeMetadata | None) -> NodeBox:
    if about is None:
        return NodeBox(run_id, fitted(run_id, MOST_PIXELS), _("not in this store"), "run", "", False)
    name = about["name"] or run_id
    state = _("deleted") if about["deleted"] else _(about["status"])
    address = reverse("run", args=[run_id])
    return NodeBox(name, fitted(name, MOST_PIXELS), f"{about['project']}, {state}", "run", address, False)


def _version(key: tuple[str, str, int], label: str, about: NodeMetadata | None, lineage: Lineage) -> NodeBox:
    kind, number = key[0], key[2]
    ending = f":v{number}"
    short = fitted(label.removesuffix(ending), MOST_PIXELS - text_width(ending)) + ending
    if about is None:
        return NodeBox(label, short, f"{kind}, {_('not in this store')}", "version", "", False)
    state = "" if about["status"] == "ready" else f", {_(about['status'])}"
    address = reverse("artifact-version", args=key)
    return NodeBox(
        label, short, f"{kind}, {size(about['size'])}{state}", "version", address, key == lineage.root
    )


ELLIPSIS = "…"
ASCII = (
    3.3, 3.5, 5.6, 7.6, 7.7, 11.8, 7.8, 3.6, 4.7, 4.7, 7.8, 7.8, 3.3, 7.8, 3.3, 4.4, 7.8, 7.8, 7.8,
    7.8, 7.8, 7.8, 7.8, 7.8, 7.8, 7.8, 3.3, 3.3, 7.8, 7.8, 7.8, 6.2, 11.6, 8.5, 7.9, 8.8, 8.7, 7.3,
    7.1, 9, 9, 3.3, 6.9, 8.1, 6.8, 10.9, 9.1, 9.2, 7.7, 9.2, 7.8, 7.7, 7.7, 9, 8.4, 12.1, 8.2, 8.1,
    7.6, 4.7, 3.8, 4.7, 5.7, 5.5, 3.9, 6.8, 7.4, 6.9, 7.4, 7.1, 4, 7.4, 7.1, 3, 3, 6.6, 3, 10.6,
    7.1, 7.3, 7.4, 7.4, 4.7, 6.4, 4, 7.1, 6.8, 9.9, 6.6, 6.8, 6.7, 4.7, 4, 4.7, 7.8,
)  # fmt: skip
"""Pixels of the letters from the space to the tilde."""
ASIAN, OTHER = 12.5, 9.0


def text_width(text: str) -> float:
    """Return the pixels of a text in the font of the pages, for boxes that are drawn without a browser."""
    return sum(map(_width, text))


def _width(letter: str) -> float:
    if " " <= letter <= "~":
        return ASCII[ord(letter) - 32]
    if unicodedata.combining(letter):
        return 0.0
    return ASIAN if unicodedata.east_asian_width(letter) in "WF" else OTHER


def fitted(text: str, pixels: float) -> str:
    """Return a text, or as much of its beginning as fits, with an ellipsis."""
    if text_width(text) <= pixels:
        return text
    space = pixels - ASIAN
    end = 0
    for letter in text:
        space -= _width(letter)
        if space < 0:
            break
        end += 1
    return f"{text[:end].rstrip()}{ELLIPSIS}"
