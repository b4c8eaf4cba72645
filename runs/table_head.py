"""The head, the filters and the pages of the runs table as links: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runicorn import layout
from runs.table import AGGREGATES, TableState, metric_of

FIXED = (
    ("status", "Status", "c-status"),
    ("name", "Name", "c-name"),
    ("project", "Project", "c-project"),
    ("", "Id", "c-id"),
    ("best", "Best metric", "c-best"),
)
LAST = (
    ("", "Step", "number c-step"),
    ("duration", "Took", "number c-duration"),
    ("created", "Created", "number c-created"),
)
WORDS_FIRST = frozenset({"status", "name", "project"})
"""Sorted from A on the first click; numbers and times begin with the highest."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: what it says, and where a click on it leads."""

    label: str
    css: str
    address: str = ""
    order: str = ""
    """`ascending`, `descending` or empty, for `aria-sort`."""
    title: str = ""


def headings(state: TableState) -> list[Heading]:
    """The head of the table, with the columns that people added before the last three."""
    added = [(key, label_of(key), "number c-extra") for key in state.columns]
    return [_heading(state, *column) for column in (*FIXED, *added, *LAST)]


def label_of(key: str) -> str:
    """What a column is called: `val/acc max`, `lr`."""
    if key.startswith("config."):
        return key.removeprefix("config.")
    name, aggregate = metric_of(key)
    return name if aggregate == "last" else f"{name} {aggregate}"


def _heading(state: TableState, key: str, label: str, css: str) -> Heading:
    if not key:
        return Heading(label, css)
    is_sorted = key == state.key
    descending = not state.descending if is_sorted else key not in WORDS_FIRST
    order = ("descending" if state.descending else "ascending") if is_sorted else ""
    address = state.but(sort=("-" if descending else "") + key).address
    return Heading(
        label, css, address, order, f"Sort by {label}, {'highest' if descending else 'lowest'} first"
    )


@dataclass(frozen=True, slots=True)
class Chip:
    """One status to filter by."""

    label: str
    address: str
    status: str = ""
    icon: str = ""
    current: bool = False
    count: str = ""


def chips(state: TableState, counts: dict[str, str]) -> list[Chip]:
    """All runs, then each status; `counts` are words like `12` or `10,000+`."""
    made = [Chip("All", state.but(statuses=()).address, current=not state.statuses)]
    others = (status for status in state.statuses if status not in layout.STATUSES)
    for status in (*layout.STATUSES, *others):
        shape = status if status in layout.STATUSES else "unknown"
        current = status in state.statuses
        address = state.but(statuses=() if current else (status,)).address
        made.append(Chip(status.capitalize(), address, shape, shape, current, counts.get(status, "")))
    return made


@dataclass(frozen=True, slots=True)
class Option:
    """A column that can be added."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A metric or a config value and the columns there are of it."""

    name: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Offer:
    """Columns of one kind."""

    name: str
    lines: list[Line]
    more: int
    """How many further ones have no line; they are added by name."""


MOST_OFFERED = 40
"""Of one kind; a menu of hundreds of lines would be heavier than the page."""


def offers(state: TableState, metrics: Iterable[str], params: Iterable[str]) -> list[Offer]:
    """The columns that can be added: of what the runs in sight have, and of what is shown already."""
    shown = {metric_of(key)[0] for key in state.columns if key.startswith("metric.")}
    shown_params = {key.removeprefix("config.") for key in state.columns if key.startswith("config.")}
    of_metrics = [(name, _figures_of(name)) for name in sorted({*metrics, *shown})]
    of_params = [(key, [Option(f"config.{key}", "show")]) for key in sorted({*params, *shown_params})]
    found = [_offer("Metrics", of_metrics, shown), _offer("Config", of_params, shown_params)]
    return [offer for offer in found if offer.lines]


def _figures_of(name: str) -> list[Option]:
    return [Option(f"metric.{name}.{word}", word) for word in AGGREGATES]


def _offer(kind: str, found: Sequence[tuple[str, list[Option]]], shown: set[str]) -> Offer:
    """The first of them, and what is shown whatever its place."""
    lines = [Line(*one) for i, one in enumerate(found) if i < MOST_OFFERED or one[0] in shown]
    return Offer(kind, lines, len(found) - len(lines))


@dataclass(frozen=True, slots=True)
class Page:
    """Where in the list a page is."""

    first: int
    last: int
    total: int
    capped: bool
    """There are more than `total`."""
    previous: str
    next: str


def page_of(state: TableState, shown: int, more: bool, total: int, capped: bool) -> Page:
    """The page of `shown` runs; `more` says whether another one follows."""
    before = (state.page - 1) * state.size
    return Page(
        first=before + 1 if shown else 0,
        last=before + shown,
        total=total,
        capped=capped,
        previous=state.but(page=state.page - 1).address if state.page > 1 else "",
        next=state.but(page=state.page + 1).address if more else "",
    )
