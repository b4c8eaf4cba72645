"""Responses about boards. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, TypedDict

from runicorn.newer_python import NotRequired


class BoardSmoothing(TypedDict, total=False):
    """Smoothing of a chart, with the parameters of the routes of series."""

    method: str
    weight: float
    half_life: float
    window: float
    sigma: float
    unit: str


class BoardItem(TypedDict, total=False):
    """A chart with `metrics` or `match`, or a text cell with `markdown`."""

    title: str
    metrics: list[str]
    match: Annotated[str, "Regular expression for metrics."]
    markdown: str
    x: Annotated[str, "`step`, `time`, `relative` or a metric."]
    x_log: bool
    y_log: bool
    y_range: Annotated[list[float | None], "Lowest and highest; null for an open side."]
    smoothing: BoardSmoothing
    size: Annotated[list[int], "Columns of twelve, and rows."]
    position: Annotated[list[int], "Column and row."]


class BoardSection(TypedDict, total=False):
    """A section: metrics of a prefix or an expression, and its own items."""

    title: str
    prefix: str
    match: str
    order: Annotated[list[str], "Metrics that come first, in this order."]
    folded: bool
    items: list[BoardItem]


class BoardContent(TypedDict, total=False):
    """Content of a board."""

    title: str
    sections: list[BoardSection]
    pinned: list[str]
    hidden: list[str]


class RenderedText(TypedDict):
    """A Markdown text as HTML."""

    html: str


class BoardEntry(TypedDict):
    """A board in a list."""

    name: str
    title: str
    updated_at: float
    etag: str
    error: NotRequired[Annotated[str, "Why the file cannot be used."]]


class Boards(TypedDict):
    """The boards of a project, by name."""

    boards: list[BoardEntry]


class Board(BoardEntry):
    """A board with its content; `{}` where the file cannot be used."""

    project: str
    board: BoardContent


class BoardConflict(TypedDict):
    """The stored version is not the one that the change builds on."""

    detail: str
    etag: Annotated[str | None, "The stored version; null if the board was deleted."]
