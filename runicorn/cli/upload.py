"""Upload of runs by `runicorn sync RUN`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from runicorn.cli.support import common
from runicorn.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE
from runicorn.companion.verdict import Watched
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.store.containment import check_inside
from runicorn.upload.client import Away
from runicorn.upload.queue import LOG, SENDERS, Queue
from runicorn.upload.state import UploadState
from runicorn.upload.target import check_url
from runicorn.upload.worker import Upload

ROUNDS = 3
PATIENCE = 30.0
"""Seconds for which an unreachable server is retried."""


def send(root: Path, run_ids: list[str], url: str, as_json: bool) -> None:
    """Upload runs; exit with 1 if something could not be sent, with 4 if a run does not exist."""
    try:
        given = check_url(url or user.get("RUNICORN_URL"))
    except ValueError as error:
        common.exit_with(str(error), USAGE)
    places = {run_id: _folder(root, run_id) for run_id in run_ids}
    outcomes = [_send(root, run_id, folder, given) for run_id, folder in places.items()]
    if as_json:
        common.print_json(outcomes)
    for outcome in () if as_json else outcomes:
        if outcome["problem"]:
            details = f" (details: {outcome['log']})" if outcome["log"] else ""
            common.print_error(f"{outcome['run_id']} to {outcome['url']}: {outcome['problem']}{details}")
        else:
            typer.echo(f"{outcome['run_id']} is at {outcome['url']}/runs/{outcome['run_id']}")
    if any(outcome["problem"] for outcome in outcomes):
        raise typer.Exit(FAILED)


def _folder(root: Path, run_id: str) -> Path:
    try:
        layout.check_run_id(run_id)
    except layout.InvalidRunId as error:
        common.exit_with(str(error), USAGE)
    found = find.find(root, run_id)
    if not found:
        common.exit_with(f"There is no run {run_id} in {root}.", NOT_AVAILABLE)
    return root / found[0]


def _send(root: Path, run_id: str, folder: Path, given: str) -> dict[str, Any]:
    state = UploadState(root, run_id).load()
    url = given or str(state.content.get("url") or "")
    if not url:
        common.exit_with("This run has no server: use --url http://host:23300", USAGE)
    with common.exit_on_error():
        check_inside(root, state.path.parent).mkdir(parents=True, exist_ok=True)
        try:
            with _lock(state):
                problem = _compared(folder, state.begin(url))
        except BlockingIOError:
            problem = "another process is uploading this run"
    return {"run_id": run_id, "url": url, "problem": problem, "log": _log(state)}


@contextmanager
def _lock(state: UploadState) -> Iterator[None]:
    """Hold the lock of a run, waiting for a sender process that finishes its upload.

    Raises:
        BlockingIOError: another process holds it.
    """
    name = state.content.get("queue")
    queue = Queue(state.root / SENDERS / name) if isinstance(name, str) and name else None
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with state.lock(blocking=False):
                yield
                return
        except BlockingIOError:
            if queue is None or time.monotonic() > deadline or not queue.session(state.run_id):
                raise
            queue.wake(state.run_id)
            time.sleep(0.2)


def _compared(folder: Path, state: UploadState) -> str:
    """Upload a run, compare every file by its digest, and resend differing ones; return the problem, or ""."""
    watched = Watched(folder, [])
    upload = Upload(folder, state, has_ended=watched.has_ended, is_stopped=lambda: True)
    problem = ""
    for _ in range(ROUNDS):
        problem = upload.send(PATIENCE, insistent=False)
        if problem:
            return problem
        try:
            different = upload.differences()
        except Away as error:
            return str(error)
        if not different:
            return ""
        problem = f"{', '.join(different)}: different digest on the server"
    return problem


def _log(state: UploadState) -> str | None:
    name = state.content.get("queue")
    log = state.root / SENDERS / name / LOG if isinstance(name, str) and name else None
    return str(log) if log and log.exists() else None
