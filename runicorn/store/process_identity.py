"""Identity of the process that writes a run, and whether it has ended.

A pid identifies a process only together with its start time, the boot and the id of its machine, and its PID namespace:
containers count pids of their own. Runs of 0.4 and 0.5 record a pid and a host name, which containers share: such a run
is dead only after `GRACE_SECONDS` without a write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runicorn import _platform

NOT_FOUND = "process_not_found"
"""`exit_reason` of a run whose process was found dead."""
FIRST_NAMESPACE = "pid:[4026531836]"
"""PID namespace of a machine itself (PROC_PID_INIT_INO of Linux), which sees the processes of all others."""
LISTED_SECONDS = 1.0
"""Age up to which a list of the processes in containers is used again."""
GRACE_SECONDS = 60.0
"""Time since the last write within which a run counts as alive if its process cannot be identified for certain."""


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple, Protocol

    class Process(Protocol):
        """Recorded identity of a process; unknown values are "" or None."""

        @property
        def pid(self) -> int | None:
            """The pid."""

        @property
        def process_start(self) -> float | None:
            """Start time, see `_platform.process_start_time`."""

        @property
        def hostname(self) -> str:
            """Host name of its machine."""

        @property
        def machine_id(self) -> str:
            """Id of its machine."""

        @property
        def boot_id(self) -> str:
            """Boot id of its machine."""

        @property
        def pid_namespace(self) -> str:
            """PID namespace of its pid."""
else:
    from runicorn.named_tuple import NamedTuple


# A dataclass would import a tenth of the companion's memory.
class ProcessRecord(NamedTuple):
    """Process recorded in a JSON file such as `meta.json`."""

    pid: int | None = None
    process_start: float | None = None
    hostname: str = ""
    machine_id: str = ""
    boot_id: str = ""
    pid_namespace: str = ""

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ProcessRecord:
        """Return the process that a file describes; values of a wrong type are unknown."""
        pid, start = content.get("pid"), content.get("process_start")
        texts = ("hostname", "machine_id", "boot_id", "pid_namespace")
        return cls(
            pid if type(pid) is int else None,
            float(start) if isinstance(start, (int, float)) and not isinstance(start, bool) else None,
            **{key: value for key in texts if isinstance(value := content.get(key), str)},
        )


def host_identity() -> dict[str, str]:
    """Return the identity of this machine, its boot and PID namespace: `machine_id`, `boot_id`, `pid_namespace`."""
    return {
        "machine_id": _platform.machine_id(),
        "boot_id": _platform.boot_id(),
        "pid_namespace": _platform.pid_namespace(),
    }


@cache
def _this_host() -> tuple[str, str, str]:
    return _platform.machine_id(), _platform.pid_namespace(), _platform.host_name()


def own_identity() -> dict[str, Any]:
    """Return the identity of this process, as `ProcessRecord.from_dict` expects it."""
    pid = os.getpid()
    return {"pid": pid, "process_start": _platform.process_start_time(pid), **host_identity()}


def is_identified_here(process: Process) -> bool:
    """Return whether the process certainly belongs to this machine and PID namespace."""
    return (process.machine_id, process.pid_namespace) == _this_host()[:2]


def is_local(process: Process) -> bool:
    """Return whether the process belongs to this machine; without a machine id, whether its host name is ours."""
    if process.machine_id:
        return is_identified_here(process)
    return bool(process.hostname) and process.hostname == _this_host()[2]


def has_ended(process: Process) -> bool:
    """Return whether a process of this machine has ended; False if the pid is unknown or of another machine."""
    if not process.pid or process.pid < 0:
        return False
    if is_local(process):
        return _platform.process_gone(process.pid, process.process_start, process.boot_id)
    return _is_of_a_container_here(process) and (process.pid, process.process_start) not in _in_containers()


def _is_of_a_container_here(process: Process) -> bool:
    """Return whether a process belongs to a PID namespace below ours, which is that of the machine itself."""
    namespace, boot = process.pid_namespace, process.boot_id
    return (
        _this_host()[1] == FIRST_NAMESPACE
        and namespace not in ("", FIRST_NAMESPACE)
        and bool(boot)
        and boot == _platform.boot_id()
        and process.process_start is not None
    )


_listed: tuple[float, frozenset[tuple[int, float | None]]] = (-LISTED_SECONDS, frozenset())


def _in_containers() -> frozenset[tuple[int, float | None]]:
    """Return the processes of all containers of this machine, by the pid that they have inside and their start."""
    global _listed
    now = time.monotonic()
    if now - _listed[0] >= LISTED_SECONDS:
        pids = ((_pid_in_container(pid), pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc"))))
        inside = ((inner, _platform.process_start_time(pid)) for inner, pid in pids if inner is not None)
        _listed = (now, frozenset(inside))
    return _listed[1]


def _pid_in_container(pid: int) -> int | None:
    """Return the pid that a process has in its own PID namespace, if that is not ours; None for a zombie."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return None
    pids = next((line.split()[1:] for line in text.splitlines() if line.startswith("NSpid:")), [])
    return int(pids[-1]) if len(pids) > 1 and "State:\tZ" not in text else None


def is_alive(process: Process) -> bool:
    """Return whether the process certainly belongs to this machine, and runs."""
    return (process.pid or 0) > 0 and is_identified_here(process) and not has_ended(process)


def is_in_grace(process: Process, last_write: float, now: float) -> bool:
    """Return whether a process known only by its host name may still write; the times are Unix seconds."""
    return not process.machine_id and now - last_write < GRACE_SECONDS
