"""Identity, forks and limits of processes."""

from __future__ import annotations

import os
import sys
import time

# As `threading` does: importing `weakref` takes as long as six of our modules.
from _weakrefset import WeakSet
from contextlib import suppress
from pathlib import Path

from runicorn._platform.identity import WINDOWS, boot_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Forkable(Protocol):
        """Object with state to reset in a forked child."""

        def after_fork(self) -> None:
            """Reset the state; called in the child before anything else runs there."""


OPEN_OTHERWISE = 1024


def pid_namespace() -> str:
    """Return the PID namespace of this process (containers have their own); "" if unknown."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def process_start_time(pid: int) -> float | None:
    """Return when a process started: clock ticks since boot on Linux (immune to clock changes), else Unix seconds.

    None if the process does not exist, or the time is unknown.
    """
    if sys.platform == "linux":
        fields = _proc_stat(pid)
        return float(fields[19]) if fields else None
    return _psutil_start_time(pid)


def own_start() -> float:
    """Return when this process started, in Unix seconds and never too early; now if that is unknown."""
    ticks = process_start_time(os.getpid()) if sys.platform == "linux" else None
    if ticks is None:
        return time.time()
    # The start is rounded down to a tick of 10 ms; a process that is suspended here between both clocks is younger.
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - (ticks + 5) / os.sysconf("SC_CLK_TCK")
    return time.time() - max(age, 0.0)


def process_gone(pid: int, start: float | None, boot: str) -> bool:
    """Return whether the process with this pid, start time and boot id has ended.

    A reused pid counts as gone, and so does a zombie. Unknown values (`start` None, `boot` "") are not compared.
    """
    is_rebooted = boot and boot_id() not in ("", boot)
    if is_rebooted or not _pid_exists(pid):
        return True
    if sys.platform == "linux" and (fields := _proc_stat(pid)) and fields[0] in "ZX":
        return True
    now = process_start_time(pid)
    return start is not None and now is not None and abs(now - start) > 0.5


def _proc_stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; the command may contain spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _pid_exists(pid: int) -> bool:
    if pid <= 0:
        return False
    if WINDOWS:  # os.kill(pid, 0) would end the process there
        return _psutil_start_time(pid) is not None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _psutil_start_time(pid: int) -> float | None:
    try:
        import psutil
    except ImportError:
        return None
    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, OverflowError):
        return None


_forkable: WeakSet[Forkable] = WeakSet()


def watch_forks(instance: Forkable) -> None:
    """Call `instance.after_fork()` in every forked child for as long as the instance exists."""
    _forkable.add(instance)


def _forked() -> None:
    for instance in list(_forkable):
        instance.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files by `count`, up to the hard limit, if there is one."""
    if WINDOWS:
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + OPEN_OTHERWISE
    if resource.RLIM_INFINITY != soft < needed:
        within = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, within), hard))
