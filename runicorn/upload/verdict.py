"""Final status of a run whose process did not write it: killed, ended by `os._exit`, or replaced by `exec`."""

from __future__ import annotations

import os
import signal
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.process_identity import NOT_FOUND, ProcessRecord, has_ended, is_identified_here
from runicorn.store.state.reasons import fields

REPLACED = "exec"
# <linux/pidfd.h>: PIDFD_GET_INFO, PIDFD_INFO_EXIT and struct pidfd_info of Linux 6.15.
GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
INFO_EXIT = 1 << 3
INFO_FORMAT = "QQ11Ii"
# Fields of /proc/<pid>/stat that change with the program, and the status of a zombie; counted from the state on.
START_CODE, START_STACK, EXIT_CODE = 23, 25, 49


def image(pid: int | str = "self") -> list[int]:
    """Return an identity of the program of a process, which `exec` changes; empty if unknown."""
    fields = _stat(pid)
    # Processes without permission to read them get zeros.
    found = [int(fields[n]) for n in (START_CODE, START_STACK)] if len(fields) > EXIT_CODE else []
    return found if all(value > 1 for value in found) else []


class Watched:
    """The process that writes a run, watched without being its parent.

    Args:
        run_dir: the folder of the run.
        image: identity of its program when the run began.
    """

    def __init__(self, run_dir: Path, image: list[int]) -> None:
        self.run_dir = run_dir
        self.fd = -1
        self._image = image
        self._meta = layout.read_json(run_dir / layout.META)[0]
        self._process = ProcessRecord.from_dict(self._meta)
        self.is_ours = is_identified_here(self._process)
        self._pid = max(self._process.pid or 0, 0)
        if self.is_ours and self._pid and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self.fd = os.pidfd_open(self._pid)
            if has_ended(self._process):  # what has the pid now may be another process
                self.close()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def has_ended(self) -> bool:
        """Return whether nothing more is written to the run; write its status if its process ended without doing so."""
        if layout.read_json(self.run_dir / layout.STATUS)[0].get("status") != layout.RUNNING:
            return True
        if not (self.is_ours and self._pid):
            return False
        if has_ended(self._process):
            return self._judge(self._reason())
        return self._is_replaced() and self._judge(REPLACED)

    def _is_replaced(self) -> bool:
        now = image(self._pid) if self._image else []
        return bool(now) and now != self._image

    def _judge(self, reason: str) -> bool:
        """Write the verdict, unless another process has written to the run since."""
        meta = layout.read_json(self.run_dir / layout.META)[0]
        status, problem = layout.read_json(self.run_dir / layout.STATUS)
        if any(meta.get(key) != self._meta.get(key) for key in ("pid", "process_start", "resumed_at")):
            return False
        if not problem and status.get("status") == layout.RUNNING:
            interrupted = reason in ("SIGTERM", "KeyboardInterrupt")
            word = layout.INTERRUPTED if interrupted else layout.FAILED
            verdict = {**fields(word, reason), "ended_at": last_write(self.run_dir)}
            layout.write_json(self.run_dir / layout.STATUS, status | verdict)
        return True

    def _reason(self) -> str:
        """Return why the process ended, if the system reports it to processes other than its parent."""
        code = self._wait_status()
        if code is not None and os.WIFSIGNALED(code):
            number = os.WTERMSIG(code)
            if number == signal.SIGINT:
                return "KeyboardInterrupt"
            with suppress(ValueError):
                return signal.Signals(number).name
        if code is not None and os.WIFEXITED(code) and os.WEXITSTATUS(code):
            return f"exit: {os.WEXITSTATUS(code)}"
        return NOT_FOUND

    def _wait_status(self) -> int | None:
        if self.fd < 0:
            return None
        fields = _stat(self._pid)
        if fields and fields[0] in "ZX" and len(fields) > EXIT_CODE:
            return int(fields[EXIT_CODE])
        import fcntl

        about = bytearray(struct.pack("Q", INFO_EXIT).ljust(struct.calcsize(INFO_FORMAT), b"\0"))
        try:
            fcntl.ioctl(self.fd, GET_INFO, about)
        except OSError:  # an older kernel
            return None
        values: tuple[Any, ...] = struct.unpack(INFO_FORMAT, about)
        return int(values[-1]) if values[0] & INFO_EXIT else None


def last_write(run_dir: Path) -> float:
    """Return when a run last wrote anything, in Unix seconds."""
    times = [0.0]
    with suppress(OSError), os.scandir(run_dir) as entries:
        for entry in entries:
            if entry.name in layout.OF_THE_LIBRARY or entry.name in layout.GROWING:
                times.append(entry.stat(follow_symlinks=False).st_mtime)
    return max(times)


def _stat(pid: int | str) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
