"""Records of the kernel about processes that it killed because memory ran out, from /dev/kmsg where it is readable."""

from __future__ import annotations

import os
import re

from runicorn.store.process_identity import FIRST_NAMESPACE, ProcessRecord

KILLED = re.compile(r"out of memory: Killed process (\d+) ", re.IGNORECASE)
MOST_RECORDS = 100_000


def out_of_memory(process: ProcessRecord) -> str:
    """Return the line about a process that has ended; "" without one, or if the log is not readable.

    The kernel reports the pids of the machine's own PID namespace.
    """
    if process.pid_namespace != FIRST_NAMESPACE or process.process_start is None:
        return ""
    began = process.process_start / os.sysconf("SC_CLK_TCK")
    found = ""
    for seconds, text in _records():
        killed = KILLED.search(text)
        if killed and int(killed[1]) == process.pid and seconds >= began:
            found = text
    return found


def _records() -> list[tuple[float, str]]:
    """Return the records as (seconds since boot, text)."""
    found: list[tuple[float, str]] = []
    try:
        fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return found
    try:
        while len(found) < MOST_RECORDS:
            try:
                record = os.read(fd, 8192).decode("utf-8", "replace")
            except BrokenPipeError:  # it was overwritten while it was read
                continue
            head, _, text = record.partition(";")
            found.append((int(head.split(",")[2]) / 1e6, text.partition("\n")[0]))
    except (OSError, ValueError, IndexError):  # the end
        pass
    finally:
        os.close(fd)
    return found
