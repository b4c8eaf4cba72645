"""Head, filters and column menu of the runs table, as links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext

from runicorn.store import layout
from runicorn.store.state import ADDED, STATUS_OF, State
from runicorn_site.web.templatetags.ui import status_label
from runs.pages.table.columns import Column, Sort, column_of
from runs.pages.table.state import COUNTS, NEWEST, TableState


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its label, and the URL that a click on it opens."""

    key: str
    label: str | Promise
    css: str
    width: int | None = None
    """Width in pixels, if the user has set one."""
    address: str = ""
    order: str = ""
    """`ascending`, `descending` or empty, for `aria-sort`."""
    rank: int = 0
    """Place among several sort keys, from 1; 0 if the table is not sorted by it."""
    added: str = ""
    """The URL that sorts by it after the keys so far, or the other way round if it is among them."""
    title: str = ""
    metric: str = ""
    """The metric whose best values the column shows, if all rows have the same."""
    tags: Sequence[tuple[str, str]] = ()
    """Tags of all rows, each with the URL of the table with it."""


def headings(
    state: TableState,
    columns: Iterable[Column],
    widths: Mapping[str, int],
    metric: str | None = None,
    tags: Iterable[str] = (),
) -> list[Heading]:
    """Return the headings. In another order groups are closed.

    Args:
        widths: in pixels by column key.
        metric: the metric of all best values, if it is the same.
        tags: tags of all rows.
    """
    state = replace(state, opened=())
    heads = [_heading(state, column, widths.get(column.key)) for column in columns]
    common = [(tag, state.but(tags=(tag,)).address) for tag in tags if "tags" not in state.columns]
    return [
        replace(
            head, metric=metric or "" if head.key == "best" else "", tags=common if head.key == "name" else ()
        )
        for head in heads
    ]


def _heading(state: TableState, column: Column, width: int | None) -> Heading:
    key = column.key
    if column.sort is None:
        return Heading(key, column.label, column.css, width)
    is_sorted = key == state.key
    descending = not state.descending if is_sorted else not column.sort.ascending_first
    now = next((sort for sort in state.sorts if sort.removeprefix("-") == key), None)
    ranks = {sort.removeprefix("-"): rank for rank, sort in enumerate(state.sorts, 1)}
    return Heading(
        key,
        column.label,
        column.css,
        width,
        address=state.but(sort=("-" if descending else "") + key).address,
        order="" if now is None else "descending" if now.startswith("-") else "ascending",
        rank=ranks.get(key, 0) if len(ranks) > 1 else 0,
        added=state.sorted_also(key, descending=not column.sort.ascending_first).address,
        title=gettext("Sort by %(order)s; Shift-click adds it to the order")
        % {"order": _order_label(column, column.sort, descending)},
    )


def _order_label(column: Column, sort: Sort, descending: bool) -> str:
    order = sort.descending if descending else sort.ascending
    return gettext("%(column)s, %(order)s") % {"column": column.label, "order": order}


def orders(state: TableState) -> list[tuple[str, str]]:
    """Return the orders as (sort, label), for a screen that has no headings to click on."""
    keys = [sort.removeprefix("-") for sort in state.sorts]
    columns = [_orderable(key) for key in dict.fromkeys(["created", *state.columns, *keys])]
    single = {
        "-" * descending + column.key: _order_label(column, column.sort, descending)
        for column in columns
        if column.sort is not None
        for descending in ([False, True] if column.sort.ascending_first else [True, False])
    }
    if state.is_in_given_order:
        single[NEWEST] = gettext("As chosen")
    several = [(state.sort, "; ".join(single[sort] for sort in state.sorts))] if len(state.sorts) > 1 else []
    return [*several, *single.items()]


def _orderable(key: str) -> Column:
    """Return the column of a sort key, which may be a count of groups."""
    column = column_of(key)
    if key == "n":
        return replace(column, label=gettext("Runs"))
    return replace(column, label=status_label(key).capitalize()) if key in COUNTS else column


@dataclass(frozen=True, slots=True)
class Chip:
    """A status or a state to filter by."""

    label: str
    address: str
    status: str = ""
    icon: str = ""
    current: bool = False
    count: str = ""


def chips(state: TableState, counts: dict[str, str]) -> list[Chip]:
    """Return one chip for all runs, one per status, and one for each other state that occurs.

    Beside other states of its status, a chip stands for the state of the same name, so that each run counts once.

    Args:
        counts: numbers by status without other states, and by other state, as texts like `12` or `10,000+`.
    """
    everything = state.but(statuses=(), states=())
    status_chips = [Chip(gettext("All"), everything.address, current=everything == state.but())]
    others = (status for status in state.statuses if status not in layout.STATUSES)
    added = [word for word in ADDED if word in state.states or word in counts]
    divided = {STATUS_OF[State(word)] for word in added}
    for status in (*layout.STATUSES, *others):
        shape = status if status in layout.STATUSES else "unknown"
        current = status in state.statuses or status in state.states
        if current:
            address = everything.address
        elif status in divided:
            address = everything.but(states=(status,)).address
        else:
            address = everything.but(statuses=(status,)).address
        status_chips.append(
            Chip(status_label(status).capitalize(), address, shape, shape, current, counts.get(status, ""))
        )
    for word in added:
        current = word in state.states or STATUS_OF[State(word)] in state.statuses
        address = everything.but(states=() if current else (word,)).address
        label = status_label(word).capitalize()
        status_chips.append(Chip(label, address, word, word, current, counts.get(word, "")))
    return status_chips
