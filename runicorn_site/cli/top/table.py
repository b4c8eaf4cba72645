"""The table of `runicorn top`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.runs import columns as table_columns
from runicorn_site.cli.runs import text
from runicorn_tools.cli.support import common

MARK = "●"
HEADERS = {"created_at": "age", "best_metric_value": "best"}


class RunTable(DataTable[Text]):
    """A row for each run, in the order of the query; the cursor stays at its run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Curves and log"),
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self.marked: set[str] = set()
        self.entries: list[RunEntry] = []

    @property
    def selection(self) -> list[RunEntry]:
        """The marked runs, else that at the cursor."""
        marked = [entry for entry in self.entries if entry.id in self.marked]
        return marked or self.entries[self.cursor_row : self.cursor_row + 1]

    def toggle_mark(self) -> None:
        """Mark the run at the cursor, or unmark it, and go on to the next one."""
        for entry in self.entries[self.cursor_row : self.cursor_row + 1]:
            self.marked ^= {entry.id}
        self.action_cursor_down()

    def show(self, entries: Sequence[RunEntry], keys: Sequence[str], order: str, descending: bool) -> None:
        """Draw the runs."""
        at = [entry.id for entry in self.entries[self.cursor_row : self.cursor_row + 1]]
        self.entries = list(entries)
        numbers = table_columns.numeric(keys, entries)
        scroll = self.scroll_offset
        self.clear(columns=True)
        self.add_column("", key="")
        for key in keys:
            self.add_column(_header(key, order, descending, key in numbers), key=key)
        for entry in entries:
            mark = Text(MARK if entry.id in self.marked else " ")
            self.add_row(mark, *(_cell(entry, key, key in numbers) for key in keys), key=entry.id)
        ids = [entry.id for entry in entries]
        if at and at[0] in ids:
            self.move_cursor(row=ids.index(at[0]), scroll=False)
            self.scroll_to(scroll.x, scroll.y, animate=False)


def _header(key: str, order: str, descending: bool, is_number: bool) -> Text:
    is_sorted = bool(order) and table_columns.order(key)[0] == order
    arrow = (" ▼" if descending else " ▲") if is_sorted else ""
    title = common.printable(HEADERS.get(key, key).removesuffix("_at"))
    return Text(f"{title}{arrow}", justify="right" if is_number else "left")


def _cell(entry: RunEntry, key: str, is_number: bool) -> Text:
    content = text.age(entry.created_at) if key == "created_at" else table_columns.cell_text(entry, key)
    style = text.COLORS.get(entry.state, "red") if key == "state" else ""
    return Text(common.printable(content), style=style, justify="right" if is_number else "left")
