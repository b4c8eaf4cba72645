"""Upload of leftovers of a sender process, for runs that ended."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from runicorn.companion.verdict import Watched
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.store.containment import check_inside
from runicorn.store.process_identity import ProcessRecord, has_ended
from runicorn.upload.client import TIMEOUT, ServerUnavailable
from runicorn.upload.queue import LOG, SENDERS, Queue
from runicorn.upload.state import UploadState
from runicorn.upload.target import check_url
from runicorn.upload.worker import Upload

ROUNDS = 3
PATIENCE = 30.0
"""Seconds for which an unreachable server is retried."""
LOCK_SECONDS = TIMEOUT + 5.0
"""Maximum time to wait for an attempt of a sender process."""
PAUSE = 0.1
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
    left_behind: bool = False
    """Whether a sender process that was killed had left it in its queue."""

    def __str__(self) -> str:
        if not self.problem:
            why = " (left behind by a training that ended before its upload)" if self.left_behind else ""
            return f"{self.run_id} is at {self.url}/runs/{self.run_id}{why}"
        details = f" (details: {self.log})" if self.log else ""
        return f"{self.run_id} to {self.url}: {self.problem}{details}"


def upload_rest(root: Path, run_ids: Sequence[str], url: str = "") -> list[Outcome]:
    """Upload runs and compare them by digest; then those that killed sender processes left behind for the same server.

    Args:
        url: the server; "" for `RUNICORN_URL`, or the one that a run was uploaded to before.

    Raises:
        CannotUpload: a run, or the address of a server, is invalid or missing.
    """
    try:
        server_url = check_url(url or user.get("RUNICORN_URL"))
    except ValueError as error:
        raise CannotUpload(str(error), USAGE) from error
    places = {run_id: _folder(root, run_id) for run_id in run_ids}
    outcomes = [_upload(root, run_id, folder, server_url) for run_id, folder in places.items()]
    return outcomes + _upload_left_behind(root, outcomes)


def _upload_left_behind(root: Path, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Upload the runs whose training and sender process were killed, as those of a container are."""
    uploaded_ids, urls = (
        {outcome.run_id for outcome in outcomes},
        {outcome.url for outcome in outcomes if not outcome.problem},
    )
    more = []
    for queue in _abandoned_queues(root):
        for entry in queue.entries().values():
            state = UploadState(root, entry.run_id).load()
            if entry.run_id in uploaded_ids or state.content.get("url") not in urls:
                continue
            try:
                folder = _folder(root, entry.run_id)
            except CannotUpload:
                continue
            if not has_ended(ProcessRecord.from_dict(layout.read_json(folder / layout.META)[0])):
                continue
            outcome = _upload(root, entry.run_id, folder, "")._replace(left_behind=True)
            if not outcome.problem:
                queue.remove(entry)
            more.append(outcome)
    return more


def _abandoned_queues(root: Path) -> Iterator[Queue]:
    """Yield the queues that no sender process serves."""
    with suppress(FileNotFoundError):
        for name in sorted(os.listdir(root / SENDERS)):
            queue = Queue(root / SENDERS / name)
            if not queue.is_served():
                yield queue


def _folder(root: Path, run_id: str) -> Path:
    try:
        layout.check_run_id(run_id)
    except layout.InvalidRunId as error:
        raise CannotUpload(str(error), USAGE) from error
    folders = find.find(root, run_id)
    if not folders:
        raise CannotUpload(f"There is no run {run_id} in {root}.", NOT_AVAILABLE)
    return root / folders[0]


def _upload(root: Path, run_id: str, folder: Path, server_url: str) -> Outcome:
    state = UploadState(root, run_id).load()
    url = server_url or str(state.content.get("url") or "")
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
    """Acquire the lock of a run, which a sender process releases between two attempts.

    Raises:
        BlockingIOError: another process keeps it.
    """
    name = state.content.get("queue")
    queue = Queue(state.root / SENDERS / name) if isinstance(name, str) and name else None
    deadline = time.monotonic() + LOCK_SECONDS
    with state.request(), ExitStack() as exclusion:
        while True:
            try:
                exclusion.enter_context(state.lock(blocking=False))
                break
            except BlockingIOError:
                if queue is None or time.monotonic() > deadline or not queue.session(state.run_id):
                    raise
                queue.wake(state.run_id)
                time.sleep(PAUSE)
        yield


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
        except ServerUnavailable as error:
            return str(error)
        if not different:
            return ""
        problem = f"{', '.join(different)}: different digest on the server"
    return problem


def _log(state: UploadState) -> str | None:
    name = state.content.get("queue")
    log = state.root / SENDERS / name / LOG if isinstance(name, str) and name else None
    return str(log) if log and log.exists() else None
