"""`runicorn wait`: block until runs have ended or satisfy a condition."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from runicorn.store import layout
from runicorn_site.catalog.base import Catalog
from runicorn_site.cli.runs.source import AsJson, Runs, Storage, Token, Url, opened, runs_of
from runicorn_site.cli.support.selection import WHERE
from runicorn_tools.cli.support import common

ENDED_OTHERWISE = 1
TIMED_OUT = 124
"""As of `timeout` of coreutils."""
PAUSE = 0.5


def wait(
    runs: Runs,
    until: Annotated[str, typer.Option("--until", "-u", help=WHERE)] = "",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds; 0 waits for ever.")] = 0,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Wait until each of the runs satisfies a condition; without one, until all have finished.

    Exit code 0: it came true, or all finished; 1: a run ended otherwise; 124: the timeout is over.

    Examples:

      runicorn wait 20260114_153045_a1b2c3 --until "metric.val_acc.best > 0.25" --timeout 3600

      runicorn wait latest && runicorn show latest
    """
    start = time.monotonic()
    with opened(url, token, storage) as catalog:
        results: dict[str, bool | None] = dict.fromkeys(entry.id for entry in runs_of(catalog, runs))
        stamps: dict[str, Any] = {}
        while True:
            for run_id in [run_id for run_id, result in results.items() if result is None]:
                results[run_id] = _result(catalog, run_id, until, stamps)
            is_over = bool(timeout) and time.monotonic() - start >= timeout
            if None not in results.values() or False in results.values() or is_over:
                break
            time.sleep(PAUSE)
    if as_json:
        common.print_json(results)
    elif False in results.values():
        names = ", ".join(run for run, result in results.items() if result is False)
        common.print_notice(
            f"{names} ended, and the condition is not true" if until else f"{names} did not finish"
        )
    if False in results.values():
        raise typer.Exit(ENDED_OTHERWISE)
    if None in results.values():
        raise typer.Exit(TIMED_OUT)


def _result(catalog: Catalog, run_id: str, until: str, stamps: dict[str, Any]) -> bool | None:
    """Return whether the condition came true, or None while the run may still satisfy it."""
    # Before the condition is evaluated: what was logged last counts.
    stamp = catalog.stamp(run_id)
    if stamp is not None and stamps.get(run_id) == stamp:
        return None
    entry = catalog.get(run_id, metrics=False)
    if entry is None:
        return False
    is_running = entry.status == layout.RUNNING
    if until:
        if catalog.satisfies(entry, until):
            return True
        stamps[run_id] = stamp
        return None if is_running else False
    return None if is_running else entry.status == layout.FINISHED
