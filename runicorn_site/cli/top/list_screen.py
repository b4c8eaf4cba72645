"""The table of runs, which refreshes itself, with sorting and filters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from runicorn.store.units import number_of
from runicorn_site.catalog.base import Catalog, CatalogError, Query
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.runs import columns as table_columns
from runicorn_site.cli.top.run_screen import RunScreen
from runicorn_site.cli.top.source import SHARE, Source
from runicorn_site.cli.top.table import RunTable
from runicorn_tools.cli.support import common

WORDS, CONDITION = "words", "condition"
PROMPTS = {WORDS: "Words in name, tags, note or id", CONDITION: "Condition, such as config.lr < 0.05"}


class ListScreen(Screen[None]):
    """The table of the runs of a catalog."""

    CSS = """
    #status { height: 1; padding: 0 1; background: $panel; }
    #status.error { background: $error; color: $text; }
    RunTable { height: 1fr; }
    Input { display: none; }
    Input.open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("s", "sort(1)", "Sort"),
        Binding("S", "sort(-1)", "Sort back", show=False),
        Binding("r", "reverse", "Reverse"),
        Binding("slash", "filter('words')", "Find", key_display="/"),
        Binding("w", "filter('condition')", "Where"),
        Binding("escape", "close_filter", "Close", show=False),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(
        self,
        catalog: Catalog,
        query: Query,
        keys: Sequence[str],
        entries: Sequence[RunEntry],
        interval: float,
    ) -> None:
        """Create the screen.

        Args:
            query: the runs that are shown first.
            keys: columns.
            entries: the answer to the query.
            interval: seconds between two questions.
        """
        super().__init__()
        self.query_of_runs = query
        self.table = RunTable()
        self._status = Static(id="status", markup=False)
        self._source = Source(catalog)
        self._keys = list(keys)
        self._entries = entries
        self._interval = interval
        self._asked_for = WORDS
        self._wake = asyncio.Event()

    def compose(self) -> ComposeResult:
        """Return the widgets from top to bottom."""
        yield self._status
        yield self.table
        yield Input()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Show the first answer, and ask again from time to time."""
        self.table.focus()
        self._show(self._entries)
        self._refresh_runs()

    @work(exclusive=True)
    async def _refresh_runs(self) -> None:
        # After the first answer there is a pause.
        pause = self._interval
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            self._wake.clear()
            query = self.query_of_runs
            try:
                entries, seconds = await self._source.ask(_select, query)
            except CatalogError as error:
                if not self.table.is_attached:
                    return
                self._say(str(error), is_error=True)
                pause = self._interval
                continue
            pause = max(self._interval, SHARE * seconds)
            if not self.table.is_attached:  # the application has ended meanwhile
                return
            # A key may have changed the query meanwhile.
            if query == self.query_of_runs:
                self._show(entries)

    def _show(self, entries: Sequence[RunEntry]) -> None:
        query = self.query_of_runs
        self.table.show(entries, self._keys, query.order, query.descending)
        running = sum(entry.status == "running" for entry in entries)
        at_most = query.limit is not None and len(entries) >= query.limit
        parts = [
            f"{'newest ' if at_most and not query.order else ''}{number_of(len(entries), 'run')}",
            f"{running} running",
            *([f"project {query.project}"] if query.project else []),
            *([f"words: {query.text}"] if query.text else []),
            *([f"where: {query.where}"] if query.where else []),
        ]
        self._say(" · ".join(parts))

    def _say(self, sentence: str, *, is_error: bool = False) -> None:
        self._status.update(common.printable(sentence))
        self._status.set_class(is_error, "error")

    def _ask_again(self, query: Query) -> None:
        self.query_of_runs = query
        self._wake.set()

    def action_sort(self, step: int) -> None:
        """Sort by the next column; after the last one by age."""
        orders = ["", *dict.fromkeys(table_columns.order(key)[0] for key in self._keys)]
        order = self.query_of_runs.order
        at = orders.index(order) if order in orders else 0
        self._sort_by(orders[(at + step) % len(orders)])

    def action_reverse(self) -> None:
        """Reverse the order of the sort column."""
        query = self.query_of_runs
        order = query.order or "created_at"
        self._ask_again(replace(query, order=order, descending=not query.descending))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sort by a column that was clicked; reverse the order if it is the sort column."""
        key = event.column_key.value or ""
        order = table_columns.order(key)[0]
        if order and order == self.query_of_runs.order:
            self.action_reverse()
        else:
            self._sort_by(order)

    def _sort_by(self, order: str) -> None:
        # Names are read from A to Z, numbers and times from the greatest.
        is_text = order in ("id", "project", "name", "state", "display_name", "group", "hostname")
        self._ask_again(replace(self.query_of_runs, order=order, descending=not is_text))

    def action_mark(self) -> None:
        """Mark the run at the cursor."""
        self.table.toggle_mark()
        self._show(self.table.entries)

    def action_open_runs(self) -> None:
        """Open the curves and the log of the marked runs."""
        if selection := self.table.selection:
            self.app.push_screen(RunScreen(self._source, selection, self._interval))

    def on_data_table_row_selected(self) -> None:
        """Open a run by Enter or a click."""
        self.action_open_runs()

    def action_filter(self, kind: str) -> None:
        """Ask for words or a condition."""
        self._asked_for = kind
        field = self.query_one(Input)
        field.placeholder = PROMPTS[kind]
        field.value = self.query_of_runs.text if kind == WORDS else self.query_of_runs.where
        field.add_class("open")
        field.focus()

    def action_close_filter(self) -> None:
        """Leave the field without a change."""
        self.query_one(Input).remove_class("open")
        self.table.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Apply the filter."""
        self.action_close_filter()
        changed = {"text" if self._asked_for == WORDS else "where": event.value.strip()}
        self._ask_again(replace(self.query_of_runs, **changed))  # type: ignore[arg-type]


def _select(catalog: Catalog, query: Query) -> list[RunEntry]:
    return catalog.select(query)
