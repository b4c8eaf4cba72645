"""Whether the process that writes a run is still there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

from runicorn import _platform
from runicorn.store import layout


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
class Host:
    """This machine, and the namespace in which its pids count."""

    machine_id: str
    pid_namespace: str
    hostname: str


@cache
def this_host() -> Host:
    """Where this process runs."""
    return Host(_platform.machine_id(), _platform.pid_namespace(), _platform.host_name())


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
    return _platform.process_gone(run.pid, run.process_start, run.boot_id)
