"""The application of `runicorn top`."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App

from runicorn_site.catalog.base import Catalog, Query
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.top.list_screen import ListScreen


class TopApp(App[None]):
    """The runs of a catalog in the terminal."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        catalog: Catalog,
        query: Query,
        keys: Sequence[str],
        entries: Sequence[RunEntry],
        interval: float,
    ) -> None:
        """Create the application; the arguments are those of the first screen."""
        super().__init__()
        self._first = ListScreen(catalog, query, keys, entries, interval)

    def get_default_screen(self) -> ListScreen:
        """Return the table of runs."""
        return self._first
