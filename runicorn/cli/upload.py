"""What `runicorn sync RUN` does: it sends what a server did not get yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from runicorn import layout, settings, stored
from runicorn.cli import asking
from runicorn.cli.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn.upload.process import send as send_run
from runicorn.upload.start import checked
from runicorn.upload.state import Notes

PATIENCE = 30.0
"""Seconds for which a server that is away is asked again."""


def send(root: Path, run_ids: list[str], url: str, as_json: bool) -> None:
    """Send runs; ends with 1 when something could not be sent, and with 4 when there is no such run."""
    try:
        given = checked(url or settings.get("RUNICORN_URL"), told=False)
    except ValueError as error:
        asking.stop(str(error), USAGE)
    places = {run_id: _folder(root, run_id) for run_id in run_ids}
    outcomes = [_send(root, run_id, folder, given) for run_id, folder in places.items()]
    if as_json:
        asking.show_json(outcomes)
    for outcome in () if as_json else outcomes:
        if outcome["problem"]:
            asking.complain(f"{outcome['run_id']} to {outcome['url']}: {outcome['problem']}")
        else:
            typer.echo(f"{outcome['run_id']} is at {outcome['url']}/runs/{outcome['run_id']}")
    if any(outcome["problem"] for outcome in outcomes):
        raise typer.Exit(FAILED)


def _folder(root: Path, run_id: str) -> Path:
    try:
        layout.check_run_id(run_id)
    except layout.InvalidRunId as error:
        asking.stop(str(error), USAGE)
    found = stored.find(root, run_id)
    if not found:
        asking.stop(f"There is no run {run_id} in {root}.", NOT_AVAILABLE)
    return root / found[0]


def _send(root: Path, run_id: str, folder: Path, given: str) -> dict[str, Any]:
    notes = Notes(root, run_id).load()
    url = given or str(notes.content.get("url") or "")
    if not url:
        asking.stop("No server is known for this run: give --url http://host:23300", USAGE)
    with asking.told():
        notes.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with notes.lock(blocking=False):
                problem = send_run(folder, root, notes.begin(url), patience=PATIENCE, follow=False)
        except BlockingIOError:
            problem = "another process is sending this run just now"
    return {"run_id": run_id, "url": url, "problem": problem}
