"""Curves and log of one or more runs, drawn again while they grow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog, CatalogError
from runicorn_site.catalog.entry import RunEntry, nested
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.chart import RunCurve, chart, usual_metrics
from runicorn_site.cli.top.source import SHARE, Source
from runicorn_tools.cli.support import common
from runs.store.params import flatten

LOG_LINES = 1000
VIEWS = ("curves", "log", "config")
Answer = tuple[list[RunEntry], list[RunCurve], list[str]]


class RunScreen(Screen[None]):
    """A chart of one metric above the log; the log is that of the first run."""

    CSS = """
    #title { height: 1; padding: 0 1; background: $panel; }
    #title.error { background: $error; color: $text; }
    #chart { height: 1fr; }
    #scroll { height: 1fr; border-top: solid $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.pop_screen", "Back", key_display="Esc"),
        Binding("n,right", "metric(1)", "Next metric", key_display="n"),
        Binding("p,left", "metric(-1)", "Previous", key_display="p"),
        Binding("l", "view('log')", "Log"),
        Binding("c", "view('config')", "Config"),
        Binding("y", "log_y", "Log y"),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self, source: Source, entries: Sequence[RunEntry], interval: float) -> None:
        """Create the screen.

        Args:
            entries: the runs, one or more.
            interval: seconds between two looks at runs that are running.
        """
        super().__init__()
        self._title = Static(id="title", markup=False)
        self._chart = Static(id="chart", markup=False)
        self._content = Static(id="text", markup=False)
        self._scroll = VerticalScroll(self._content, id="scroll")
        self._source = source
        self._entries = list(entries)
        self._interval = interval
        self._names: list[str] = []
        self.metric = ""
        self._curves: list[RunCurve] = []
        self._log: list[str] = []
        self._view = "curves"
        self._log_y = False
        self._wake = asyncio.Event()

    def compose(self) -> ComposeResult:
        """Return the widgets from top to bottom."""
        yield self._title
        yield self._chart
        yield self._scroll
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Ask for the runs."""
        self._scroll.focus()
        self._say("reading …")
        self._refresh_runs()

    def on_resize(self) -> None:
        """Draw the chart in the new size."""
        self._draw()

    @work(exclusive=True)
    async def _refresh_runs(self) -> None:
        pause: float | None = 0.0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            self._wake.clear()
            metric = self.metric
            try:
                answer, seconds = await self._source.ask(self._read, metric)
            except CatalogError as error:
                if not self._title.is_attached:
                    return
                self._say(str(error), is_error=True)
                pause = self._interval
                continue
            if not self._title.is_attached:  # the screen was closed meanwhile
                return
            self._show_answer(answer, metric)
            is_running = any(entry.status == layout.RUNNING for entry in self._entries)
            pause = max(self._interval, SHARE * seconds) if is_running else None

    def _read(self, catalog: Catalog, metric: str) -> Answer:
        entries = [entry for run in self._entries if (entry := catalog.get(run.id)) is not None]
        if not entries:
            raise CatalogError("The run is gone.")
        names = [metric] if metric else usual_metrics(entries)
        points = max(self.size.width, 80) * 4
        curves = [
            (entry, curve)
            for entry in entries
            for name, curve in (catalog.curves(entry, names, points) if names else {}).items()
            if name in names and curve.steps
        ]
        return entries, curves, catalog.log_lines(entries[0], LOG_LINES)

    def _show_answer(self, answer: Answer, metric: str) -> None:
        self._entries, curves, self._log = answer
        names = sorted({name for entry in self._entries for name in entry.metrics})
        self._names = sorted(names, key=lambda name: name.startswith("system/"))
        usual = usual_metrics(self._entries)
        self.metric = self.metric or (usual[0] if usual else "")
        # A key may have chosen another metric meanwhile.
        if metric in ("", self.metric):
            self._curves = curves
        first = self._entries[0]
        others = f" and {len(self._entries) - 1} more" if len(self._entries) > 1 else ""
        place = (
            f"{self._names.index(self.metric) + 1}/{len(self._names)}" if self.metric in self._names else ""
        )
        parts = [
            first.id,
            f"{first.project}/{first.label}{others}",
            first.state,
            *([f"metric {place}"] if place else []),
        ]
        self._say(" · ".join(parts))
        self._draw()

    def _draw(self) -> None:
        self._chart.display = self._view == "curves"
        width, height = self.size.width, max(6, (self.size.height - 3) // 2 - 3 - len(self._curves))
        if self._curves:
            lines = chart(self.metric, self._curves, max(40, width - 2), height, self._log_y)
            self._chart.update(Text("\n").join(Text.assemble(*line) for line in lines))
        else:
            self._chart.update(
                f"{common.printable(self.metric)}: no points yet" if self.metric else "No metrics yet"
            )
        at_end = self._scroll.scroll_offset.y >= self._scroll.max_scroll_y
        self._content.update("\n".join(map(common.printable, self._text())))
        if self._view != "config" and at_end:
            self._scroll.scroll_end(animate=False)

    def _text(self) -> list[str]:
        if self._view != "config":
            return self._log or ["No log."]
        entry = self._entries[0]
        lines = [f"{key}: {text.cell(key, nested(entry.config, key))}" for key in flatten(entry.config)]
        note = ["", *entry.description.splitlines()] if entry.description else []
        return [*(lines or ["No config."]), *note]

    def _say(self, sentence: str, *, is_error: bool = False) -> None:
        self._title.update(common.printable(sentence))
        self._title.set_class(is_error, "error")

    def action_metric(self, step: int) -> None:
        """Show the next metric."""
        if self._names:
            at = self._names.index(self.metric) if self.metric in self._names else -1
            self.metric = self._names[(at + step) % len(self._names)]
            self._curves = []
            self._wake.set()

    def action_view(self, view: str) -> None:
        """Show the log or the config instead of the chart, or the chart again."""
        self._view = "curves" if self._view == view else view
        self._draw()

    def action_log_y(self) -> None:
        """Change between a linear and a logarithmic y axis."""
        self._log_y = not self._log_y
        self._draw()
