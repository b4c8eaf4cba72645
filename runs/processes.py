"""The dead-process rule: a run that says `running` on this machine, and whose process is gone, has failed. Pure.

The verdict is the only thing that the server ever writes into a file of the SDK, and in this order: the process is
found gone, meta.json and status.json are read again, they still tell of the same process, status.json is replaced.
"""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from runicorn import _os, layout
from runs.cleaning import integer, number
from runs.looks import look

logger = logging.getLogger(__name__)

NOT_FOUND = "process_not_found"
SILENT_SECONDS = 60.0
"""Runs of 0.4 and 0.5 tell only a host name, which containers share: such a run must have been silent this long."""


class Started(Protocol):
    """What a run tells of the process that writes it."""

    status: str
    pid: int | None
    process_start: float | None
    hostname: str
    machine_id: str
    boot_id: str
    pid_namespace: str


@dataclass(frozen=True)
class Verdict:
    """A run that was found dead."""

    ended: float
    """The last time it wrote anything."""
    unwritten: str | None
    """Why the verdict could not be written into status.json."""


@dataclass(frozen=True)
class Host:
    """This machine, and the namespace in which its pids count."""

    machine_id: str
    pid_namespace: str
    hostname: str


@cache
def this_host() -> Host:
    """Where this process runs."""
    return Host(_os.machine_id(), _os.pid_namespace(), socket.gethostname())


def is_ours(run: Started) -> bool:
    """Whether the run's pid means a process that we could see."""
    host = this_host()
    if run.machine_id:
        return run.machine_id == host.machine_id and run.pid_namespace == host.pid_namespace
    return bool(run.hostname) and run.hostname == host.hostname


def is_gone(run: Started) -> bool:
    """Whether the run says it is running although its process, if it was one of ours, has ended."""
    if run.status != layout.RUNNING or not run.pid or run.pid < 0 or not is_ours(run):
        return False
    return _os.process_gone(run.pid, run.process_start, run.boot_id)


def judge(folder: Path, run: Started) -> Verdict | None:
    """Apply the rule to one run and write the verdict; None when the run is not dead.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not is_gone(run):
        return None
    written = look(folder).written
    if not run.machine_id and time.time() - written < SILENT_SECONDS:
        return None
    meta, meta_problem = layout.read_json(folder / layout.META)
    status, problem = layout.read_json(folder / layout.STATUS)
    same = integer(meta.get("pid")) == run.pid and number(meta.get("process_start")) == run.process_start
    if problem or meta_problem or not same or status.get("status") != layout.RUNNING:
        return None
    verdict = {"status": layout.FAILED, "ended_at": written, "exit_reason": NOT_FOUND}
    try:
        layout.write_json(folder / layout.STATUS, status | verdict)
    except OSError as error:
        logger.warning("The verdict on %s could not be written: %s", folder, error)
        return Verdict(written, error.strerror or str(error))
    return Verdict(written, None)
