"""CPU and memory use of a process and its machine.

Read from /proc on Linux, which takes a millisecond and no imports; elsewhere by psutil, if it is installed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

MEBIBYTE = 1024 * 1024


class Counters(NamedTuple):
    """Counters at one moment; None if unknown.

    Attributes:
        cpu: CPU seconds of the process and its children since their start.
        memory: resident bytes of the process.
        host: CPU seconds of the whole machine over all cores: busy, and total.
        host_memory: total bytes of memory.
        host_available: available bytes of memory.
    """

    cpu: float
    memory: int | None = None
    host: tuple[float, float] | None = None
    host_memory: int | None = None
    host_available: int | None = None


class Source(Protocol):
    def read(self) -> Counters:
        """Return the current counters."""


class Usage:
    """Convert counters to percentages of the time since the last call; the first call only starts the interval."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._before: Counters | None = None
        self._since = 0.0

    def values(self) -> dict[str, float]:
        """Return known values by name: percent (100 is one core for `cpu_percent`), MiB.

        Raises:
            OSError: the counters cannot be read.
        """
        now, moment = self._source.read(), time.monotonic()
        values = {}
        if self._before is not None:
            values["cpu_percent"] = _percent(now.cpu - self._before.cpu, moment - self._since)
            values |= _host_cpu(self._before, now)
        if now.memory is not None:
            values["memory_mib"] = round(now.memory / MEBIBYTE, 1)
            if now.host_memory:
                values["memory_percent"] = _percent(now.memory, now.host_memory)
        if now.host_memory and now.host_available is not None:
            values["host_memory_percent"] = _percent(now.host_memory - now.host_available, now.host_memory)
        self._before, self._since = now, moment
        return values


def _host_cpu(before: Counters, now: Counters) -> dict[str, float]:
    if before.host is None or now.host is None:
        return {}
    busy, total = (after - earlier for earlier, after in zip(before.host, now.host))
    return {"host_cpu_percent": _percent(busy, total)}


def _percent(part: float, total: float) -> float:
    # Counters decrease a little when a process ends whose time its parent does not inherit.
    return round(max(0.0, 100.0 * part / total), 2) if total > 0 else 0.0


class ProcSource:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._tick = os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def read(self) -> Counters:
        """Return the current counters.

        Raises:
            OSError: /proc or the process does not exist.
        """
        with open(f"/proc/{self._pid}/statm", "rb") as file:
            memory = int(file.read().split()[1]) * self._page
        return Counters(self._cpu(), memory, self._host(), *_memory_of_host())

    def _cpu(self) -> float:
        return sum(map(self._cpu_of, [self._pid, *_descendants(self._pid)])) / self._tick

    def _cpu_of(self, pid: int) -> int:
        """Return the ticks of a process and of the children it has waited for."""
        with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
            # The command, in brackets, may contain spaces and brackets.
            fields = file.read().rpartition(b")")[2].split()
            return sum(map(int, fields[11:15]))
        return 0

    def _host(self) -> tuple[float, float] | None:
        with suppress(OSError), open("/proc/stat", "rb") as file:  # some containers hide it
            # user nice system idle iowait irq softirq steal; later fields are included in the first two
            times = [int(part) / self._tick for part in file.readline().split()[1:9]]
            return sum(times) - times[3] - times[4], sum(times)
        return None


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                yield from map(int, file.read().split())


def _memory_of_host() -> tuple[int | None, int | None]:
    values = {}
    with suppress(OSError), open("/proc/meminfo", "rb") as file:
        for line in file:
            name, _, rest = line.partition(b":")
            if name in (b"MemTotal", b"MemAvailable"):
                values[name] = int(rest.split()[0]) * 1024
    return values.get(b"MemTotal"), values.get(b"MemAvailable")


class PsutilSource:
    """Any system that psutil supports."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._psutil = psutil
        self._process = psutil.Process(pid)

    def read(self) -> Counters:
        """Return the current counters.

        Raises:
            OSError: the process is gone, or access is denied.
        """
        try:
            memory = self._process.memory_info().rss
            cpu = sum(map(self._cpu_of, [self._process, *self._process.children(recursive=True)]))
        except self._psutil.Error as error:
            raise OSError(str(error)) from error
        host, times = self._psutil.virtual_memory(), self._psutil.cpu_times()
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        busy = total - times.idle - getattr(times, "iowait", 0.0)
        return Counters(cpu, memory, (busy, total), host.total, host.available)

    def _cpu_of(self, process: object) -> float:
        with suppress(self._psutil.Error):
            # user, system, and on Unix those of children that were waited for
            return float(sum(process.cpu_times()[:4]))  # type: ignore[attr-defined]
        return 0.0


class TimesSource:
    """CPU time of this process and of the children it has waited for, on any system."""

    def read(self) -> Counters:
        return Counters(sum(os.times()[:4]))


def best_source(pid: int) -> Source:
    if os.path.exists(f"/proc/{pid}/statm"):
        return ProcSource(pid)
    try:
        return PsutilSource(pid)
    except ImportError:
        return TimesSource()
