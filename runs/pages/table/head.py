"""The head, the filters and the pages of the runs table as links: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runicorn.store import layout
from runicorn_site.web.natural_sort import natural
from runs.pages.table.state import AGGREGATES, SORTS, TableState, is_added, metric_of

OWN = {
    "status": ("Status", "c-status"),
    "name": ("Name", "c-name"),
    "project": ("Project", "c-project"),
    "id": ("Id", "c-id"),
    "best": ("Best metric", "c-best"),
    "step": ("Step", "number c-step"),
    "duration": ("Took", "number c-duration"),
    "created": ("Created", "number c-created"),
    "tags": ("Tags", "c-tags"),
    "note": ("Note", "c-note"),
    "group": ("Group", "c-group"),
    "host": ("Host", "c-host"),
    "updated": ("Updated", "number c-updated"),
    "records": ("Records", "number c-records"),
}
"""What a run has of its own: label and classes of its column."""
WORDS_FIRST = frozenset({"status", "name", "project"})
"""Sorted from A on the first click; numbers and times begin with the highest."""
ENDS = dict.fromkeys(("created", "updated"), ("newest first", "oldest first")) | dict.fromkeys(
    WORDS_FIRST, ("Z first", "A first")
)
"""What stands on top when a column is sorted downwards and upwards, where that is not the highest and the lowest."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: what it says, and where a click on it leads."""

    key: str
    label: str
    css: str
    width: int | None = None
    """Pixels, when the person has set one."""
    address: str = ""
    order: str = ""
    """`ascending`, `descending` or empty, for `aria-sort`."""
    title: str = ""


def headings(state: TableState, widths: Mapping[str, int]) -> list[Heading]:
    """The head of the table; `widths` in pixels by key."""
    return [_heading(state, key, widths.get(key)) for key in state.columns]


def label_of(key: str) -> str:
    """What a column is called: `val/acc max`, `lr`."""
    if key in OWN:
        return OWN[key][0]
    if key.startswith("config."):
        return key.removeprefix("config.")
    name, aggregate = metric_of(key)
    return name if aggregate == "last" else f"{name} {aggregate}"


def css_of(key: str) -> str:
    """The classes of a column's cells."""
    return OWN[key][1] if key in OWN else "number c-extra"


def _heading(state: TableState, key: str, width: int | None) -> Heading:
    label, css = label_of(key), css_of(key)
    if key not in SORTS and not is_added(key):
        return Heading(key, label, css, width)
    is_sorted = key == state.key
    descending = not state.descending if is_sorted else key not in WORDS_FIRST
    order = ("descending" if state.descending else "ascending") if is_sorted else ""
    address = state.but(sort=("-" if descending else "") + key).address
    return Heading(
        key,
        label,
        css,
        width,
        address,
        order,
        f"Sort by {_order_in_words(key, descending)}",
    )


def _order_in_words(key: str, descending: bool) -> str:
    return f"{label_of(key)}, {ENDS.get(key, ('highest first', 'lowest first'))[not descending]}"


def orders(state: TableState) -> list[tuple[str, str]]:
    """What the table can be sorted by as (sort, words), for a screen that has no headings to click on."""
    keys = [key for key in state.columns if key in SORTS or is_added(key)]
    return [
        ("-" * descending + key, _order_in_words(key, descending))
        for key in dict.fromkeys(["created", *keys, state.key])
        for descending in ([False, True] if key in WORDS_FIRST else [True, False])
    ]


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
    """The columns that can be added: what a run has of its own, and what the runs in sight have."""
    own = [(OWN[key][0], [Option(key, "show")]) for key in OWN]
    of_metrics = [(name, _figures_of(name)) for name in sorted(metrics, key=natural)]
    of_params = [(key, [Option(f"config.{key}", "show")]) for key in sorted(params, key=natural)]
    kinds = (("The run", own), ("Metrics", of_metrics), ("Config", of_params))
    found = [_offer(kind, _without(state.columns, lines)) for kind, lines in kinds]
    return [offer for offer in found if offer.lines]


def _without(
    shown: Sequence[str], lines: Iterable[tuple[str, list[Option]]]
) -> list[tuple[str, list[Option]]]:
    """The lines without the columns that are shown already."""
    left = ((name, [option for option in options if option.key not in shown]) for name, options in lines)
    return [(name, options) for name, options in left if options]


def _figures_of(name: str) -> list[Option]:
    return [Option(f"metric.{name}.{word}", word) for word in AGGREGATES]


def _offer(kind: str, found: Sequence[tuple[str, list[Option]]]) -> Offer:
    lines = [Line(*one) for one in found[:MOST_OFFERED]]
    return Offer(kind, lines, len(found) - len(lines))
