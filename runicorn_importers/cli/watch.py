"""`runicorn watch`: keep runs in sync with the files of other trackers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from runicorn.settings import user
from runicorn.store import layout
from runicorn_importers.watching.watch import Watcher
from runicorn_importers.writing.writer import ImportReport, Result, counted, summary
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE

SHARE = 4
"""Pause after a pass, as a multiple of the time it took: large folders are read a fifth of the time."""


def watch(
    paths: Annotated[list[Path], typer.Argument(help="Folders or files.")],
    project: Annotated[str, typer.Option(help="Project of all runs, instead of the tracker's.")] = "",
    run: Annotated[
        str, typer.Option(help="Id of the run that samples of frameworks belong to; default: it is found.")
    ] = "",
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two passes.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="End after one pass.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root; created if missing.")] = None,
) -> None:
    """Show the runs of other trackers here while they grow.

    TensorBoard event files, W&B offline runs, and the folders and databases of MLflow and Trackio below the paths become
    runs, and new values are appended until Ctrl-C; so are samples of prime-rl, verifiers, verl, TRL and other frameworks.
    Nothing is changed in their files.

    Examples:

      runicorn watch logs

      runicorn watch . --once
    """
    for path in paths:
        if not path.exists():
            common.exit_with(f"{path} does not exist.", NOT_AVAILABLE)
    root = user.storage_root(storage)
    with common.exit_on_error():
        root.mkdir(parents=True, exist_ok=True)
        watcher = Watcher(root, tuple(paths), project, run)
        tally = Tally()
        try:
            if once:
                tally.add(watcher.scan())
            else:
                _look_often(watcher, tally, interval)
        except layout.InvalidName as error:
            common.exit_with(str(error), USAGE)
    typer.echo(summary(counted(tally.results.values())))
    if once and "failed" in tally.results.values():
        raise typer.Exit(FAILED)


def _look_often(watcher: Watcher, tally: Tally, interval: float) -> None:
    try:
        while True:
            started = time.monotonic()
            tally.add(watcher.scan())
            time.sleep(max(interval, SHARE * (time.monotonic() - started)))
    except KeyboardInterrupt:
        return


class Tally:
    """Results by source over all passes; prints new runs, and failures with another reason than before."""

    def __init__(self) -> None:
        self.results: dict[str, Result] = {}
        self._reasons: dict[str, str] = {}

    def add(self, report: ImportReport) -> None:
        """Count and print the results of a pass."""
        for item in report.items:
            is_news = self._reasons.get(item.source) != item.reason
            self._reasons[item.source] = item.reason
            # A run that is new stays so in later passes. Counted before it is printed: Ctrl-C may follow the line.
            goes_on = item.result in ("updated", "unchanged")
            if not goes_on or self.results.get(item.source, "failed") in ("failed", "unchanged"):
                self.results[item.source] = item.result
            if item.result == "taken":
                typer.echo(common.printable(f"  new      {item.run}"))
            elif item.result == "failed" and is_news:
                common.print_notice(f"  failed   {item.source}: {item.reason}")
        for sentence in report.differences:
            common.print_notice(f"  differs  {sentence}")
