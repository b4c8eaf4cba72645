"""Final status of a run whose process did not write it: killed, ended by `os._exit`, or replaced by `exec`."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runicorn.companion.exit_status import exit_code, image
from runicorn.companion.watch import oom_files, oom_kills, read
from runicorn.store import layout
from runicorn.store.file_checksums import GrowingChecksum, extent
from runicorn.store.process_identity import (
    FIRST_NAMESPACE,
    NOT_FOUND,
    ProcessRecord,
    has_ended,
    is_identified_here,
)
from runicorn.store.state import scheduler
from runicorn.store.state.reasons import fields
from runicorn.store.state.transitions import (
    REPLACED,
    Event,
    Observation,
    Standing,
    exit_reason_of,
    follow,
    may_follow,
    signal_name,
)

if TYPE_CHECKING:
    from runicorn.api.responses.runs import Evidence


class End(NamedTuple):
    """Observed end of a process.

    Attributes:
        code: its wait status, if the system reports it to processes other than the parent.
        oom_kills: processes of its cgroup that the kernel killed while it ran.
        notice: signal with which a scheduler announced the end.
        at: when it ended, in Unix seconds; None if it was noticed later.
    """

    code: int | None = None
    oom_kills: int = 0
    notice: str = ""
    at: float | None = None


class Watched:
    """The process that writes a run, watched without being its parent.

    Args:
        image: identity of its program when the run began.
        patience: seconds that its companion has for the verdict, since it has seen all of the process.
    """

    def __init__(self, run_dir: Path, image: list[int], patience: float = 0.0) -> None:
        self.run_dir = run_dir
        self.fd = -1
        self._image = image
        self._patience = patience
        self._ended_at: float | None = None
        self._end_at: float | None = None
        self._meta = layout.read_json(run_dir / layout.META)[0]
        self._process = ProcessRecord.from_dict(self._meta)
        self.is_ours = is_identified_here(self._process)
        self._pid = max(self._process.pid or 0, 0)
        self._oom_files = oom_files(self._pid) if self.is_ours and self._pid else []
        self._oom_kills = oom_kills(self._oom_files)
        if self.is_ours and self._pid and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self.fd = os.pidfd_open(self._pid)
            if has_ended(self._process):  # what has the pid now may be another process
                self.close()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def process_ended(self) -> None:
        """Note the time at which the pidfd became readable."""
        self._end_at = self._end_at or time.time()

    def has_ended(self) -> bool:
        """Finalize the run if its process is gone; return whether it is final."""
        status = layout.read_json(self.run_dir / layout.STATUS)[0]
        if not (self.is_ours and self._pid) or not is_open(status):
            return status.get("status") != layout.RUNNING
        if has_ended(self._process):
            self._ended_at = time.monotonic() if self._ended_at is None else self._ended_at
            if time.monotonic() - self._ended_at < self._patience:
                return False
            code = exit_code(self.fd, read(f"/proc/{self._pid}/stat"))
            end = End(code, oom_kills(self._oom_files) - self._oom_kills, at=self._end_at)
            return write_end(self.run_dir, self._meta, exit_reason_of(code), end)
        return self._is_replaced() and write_end(self.run_dir, self._meta, REPLACED, End())

    def _is_replaced(self) -> bool:
        now = image(self._pid) if self._image else []
        return bool(now) and now != self._image


def write_end(run_dir: Path, judged_meta: dict[str, Any], reason: str, end: End) -> bool:
    """Write the end of a run unless it has one; return False if another process has written to the run since.

    Args:
        judged_meta: the `meta.json` of the process that has ended.
    """
    meta = layout.read_json(run_dir / layout.META)[0]
    status, problem = layout.read_json(run_dir / layout.STATUS)
    if any(meta.get(key) != judged_meta.get(key) for key in ("pid", "process_start", "resumed_at")):
        return False
    change = None if problem else follow(Standing.of(status), observed_end(meta, reason, end))
    if change is not None:
        # A viewer may have written the end already, with the time of the last write before that.
        ended_at = end.at or status.get("ended_at") or last_write(run_dir)
        ended = {**status, **fields(change), "ended_at": ended_at}
        if ended != status:
            ended |= extent(GrowingChecksum(run_dir / layout.EVENTS), GrowingChecksum(run_dir / layout.LOGS))
            layout.write_json(run_dir / layout.STATUS, ended)
    return True


def is_open(status: dict[str, Any]) -> bool:
    """Return whether a run has no end, or only that of a viewer, which knows less."""
    return may_follow(Standing.of(status), Event.EXITED)


def observed_end(meta: dict[str, Any], reason: str, end: End) -> Observation:
    """Return the observation that a process ended without writing an end.

    Args:
        meta: its `meta.json`.
    """
    job = scheduler.job_in(meta)
    return Observation(
        Event.EXITED,
        exit_reason=reason,
        evidence=_evidence(end),
        at=time.time(),
        job=job,
        notice=end.notice or job.get("notice", ""),
        memory=lambda: _out_of_memory(meta, end),
        report=lambda: scheduler.ask(job),
    )


def missing_process(meta: dict[str, Any]) -> Observation:
    """Return the observation of a viewer that the process is gone. The scheduler is not asked, which can take seconds."""
    return observed_end(meta, NOT_FOUND, End())._replace(event=Event.MISSING, report=lambda: "")


def _evidence(end: End) -> Evidence:
    if end.code is not None and os.WIFSIGNALED(end.code):
        return {"signal": signal_name(os.WTERMSIG(end.code))}
    return {} if end.code is None else {"exit_code": os.WEXITSTATUS(end.code)}


def _out_of_memory(meta: dict[str, Any], end: End) -> Evidence:
    """Return the evidence that the kernel killed the process because memory ran out; empty without any."""
    if end.oom_kills > 0:
        return {"oom_kills": end.oom_kills}
    line = out_of_memory(ProcessRecord.from_dict(meta))
    return {"kernel_log": line} if line else {}


def last_write(run_dir: Path) -> float:
    """Return when a run last wrote anything, in Unix seconds."""
    times = [0.0]
    with suppress(OSError), os.scandir(run_dir) as entries:
        for entry in entries:
            if entry.name in layout.OF_THE_LIBRARY or entry.name in layout.GROWING:
                times.append(entry.stat(follow_symlinks=False).st_mtime)
    return max(times)


KILLED = re.compile(r"out of memory: Killed process (\d+) ", re.IGNORECASE)
MOST_RECORDS = 100_000


def out_of_memory(process: ProcessRecord) -> str:
    """Return the line of /dev/kmsg about a process that has ended; "" without one, or if the log is not readable.

    The kernel reports the pids of the machine's own PID namespace.
    """
    if process.pid_namespace != FIRST_NAMESPACE or process.process_start is None:
        return ""
    began = process.process_start / os.sysconf("SC_CLK_TCK")
    report = ""
    for seconds, text in _records():
        killed = KILLED.search(text)
        if killed and int(killed[1]) == process.pid and seconds >= began:
            report = text
    return report


def _records() -> list[tuple[float, str]]:
    """Return the records as (seconds since boot, text)."""
    records: list[tuple[float, str]] = []
    try:
        fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return records
    try:
        while len(records) < MOST_RECORDS:
            try:
                record = os.read(fd, 8192).decode("utf-8", "replace")
            except BrokenPipeError:  # it was overwritten while it was read
                continue
            head, _, text = record.partition(";")
            records.append((int(head.split(",")[2]) / 1e6, text.partition("\n")[0]))
    except (OSError, ValueError, IndexError):  # the end
        pass
    finally:
        os.close(fd)
    return records
