"""Upload of what a sender process left behind, for runs that ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
USAGE, NOT_AVAILABLE = 2, 4


class CannotUpload(Exception):
    """No upload was started; `exit_code` is that of the command line."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class Outcome(NamedTuple):
    """Result of an upload; `problem` is "" if the run is complete on the server."""

    run_id: str
    url: str
    problem: str
    log: str | None

    def __str__(self) -> str:
        if not self.problem:
            return f"{self.run_id} is at {self.url}/runs/{self.run_id}"
        details = f" (details: {self.log})" if self.log else ""
        return f"{self.run_id} to {self.url}: {self.problem}{details}"


def upload_rest(root: Path, run_ids: Sequence[str], url: str = "") -> list[Outcome]:
    """Upload runs and compare them by digest.

    Args:
        url: the server; "" for `RUNICORN_URL`, or the one that a run was uploaded to before.

    Raises:
        CannotUpload: a run, or the address of a server, is invalid or missing.
    """
    try:
        given = check_url(url or user.get("RUNICORN_URL"))
    except ValueError as error:
        raise CannotUpload(str(error), USAGE) from error
    places = {run_id: _folder(root, run_id) for run_id in run_ids}
    return [_upload(root, run_id, folder, given) for run_id, folder in places.items()]


def _folder(root: Path, run_id: str) -> Path:
    try:
        layout.check_run_id(run_id)
    except layout.InvalidRunId as error:
        raise CannotUpload(str(error), USAGE) from error
    found = find.find(root, run_id)
    if not found:
        raise CannotUpload(f"There is no run {run_id} in {root}.", NOT_AVAILABLE)
    return root / found[0]


def _upload(root: Path, run_id: str, folder: Path, given: str) -> Outcome:
    state = UploadState(root, run_id).load()
    url = given or str(state.content.get("url") or "")
    if not url:
        raise CannotUpload("This run has no server: use --url http://host:23300", USAGE)
    check_inside(root, state.path.parent).mkdir(parents=True, exist_ok=True)
    try:
        with _lock(state):
            problem = _compared(folder, state.begin(url))
    except BlockingIOError:
        problem = "another process is uploading this run"
    return Outcome(run_id, url, problem, _log(state))


@contextmanager
def _lock(state: UploadState) -> Iterator[None]:
    """Hold the lock of a run, waiting for a sender process that finishes its upload."""
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
