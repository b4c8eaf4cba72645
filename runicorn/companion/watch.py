"""Program of the companion process. It waits in `poll` with the standard library's smallest modules, about 9 MB.

    python watch.py <package path> <pid> <start> <pidfd>

The training writes the folder of each run as a line to the standard input. Everything else is imported once the training
has ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NOTICES = ("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""Signals with which schedulers announce the end of a job to all of its processes."""
IGNORED = ("SIGINT", "SIGHUP", "SIGPIPE", "SIGTTOU", "SIGTTIN")
NOTICE_SECONDS = 5.0
"""Time that the training has to write its end itself after a notice."""
CHECKS, CHECK_SECONDS = 20, 0.1
POLL_SECONDS = 5.0
"""Interval of checks where the system has no pidfd."""
MOST_RUNS = 1000
UNDECIDED = b"\0"
"""Before the folder of a run whose status follows from the exit code."""
IMAGE = (23, 25)
"""Start of the code and of the stack in /proc/<pid>/stat, counted from the state on."""
OOM_FILES = ("/sys/fs/cgroup{}/memory.events", "/sys/fs/cgroup/memory{}/memory.oom_control")
"""Counters of cgroup versions 2 and 1."""


def read(path: str) -> str:
    """Return the content of a small system file; empty if it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(fd, 65536).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)


def oom_files(pid: int) -> list[str]:
    """Return the files that count the processes of the cgroup of `pid` that the kernel killed for memory."""
    files = []
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory") or "memory" in controllers.split(","):
            inside = "" if path == "/" else path
            # In a container the path may be that of the host, and its own cgroup the root.
            files += [file.format(part) for file in OOM_FILES for part in (inside, "")]
    return [file for file in dict.fromkeys(files) if "oom_kill " in read(file)][:1]


def oom_kills(files: list[str]) -> int:
    total = 0
    for file in files:
        for line in read(file).splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill" and number.isdigit():
                total += int(number)
    return total


def image_in(stat: str) -> list[int]:
    """Return an identity of the program of a process, which `exec` changes; empty if unknown.

    Args:
        stat: its /proc/<pid>/stat.
    """
    fields = stat.rpartition(")")[2].split()
    values = [int(fields[n]) for n in IMAGE] if len(fields) > max(IMAGE) else []
    # Processes without permission to read them get zeros.
    return values if all(value > 1 for value in values) else []


class CompanionWatch:
    """One training and its runs.

    Args:
        pid: the process that writes the runs.
        start: its start time in /proc; "" without one.
        fd: a pidfd of it, or -1.
    """

    def __init__(self, pid: int, start: str, fd: int = -1) -> None:
        self.pid, self.start, self.fd = pid, start, fd
        self.runs: list[str] = []
        self.undecided: set[str] = set()
        """Runs that the training ended as finished without knowing the exit code."""
        self.notice = ""
        self.stat = ""
        """/proc/<pid>/stat right after the end, which has the exit code until the parent has asked for it."""
        self.has_ended = self.is_replaced = False
        self.ended_at: float | None = None
        """When it ended, in Unix seconds; None if it was noticed later."""
        self._image = image_in(read(f"/proc/{pid}/stat"))
        self._checks = 0
        """Remaining checks whether the program was replaced, after its end of the input was closed."""
        self.oom_files = oom_files(pid)
        self.oom_kills = oom_kills(self.oom_files)
        self._unread = b""
        self._note_at: float | None = None

    def run(self, note: Callable[[], None]) -> None:
        """Return when the training has ended.

        Args:
            note: called if the training has not ended some seconds after a notice, since what follows may end this
                process too.
        """
        wake = self._handle_signals()
        poll = select.poll()
        for fd in (0, self.fd, wake):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        is_open = True
        while not self.has_ended:
            for fd, _ in poll.poll(self._timeout()):
                if fd == wake:
                    os.read(wake, 64)
                elif fd == 0:
                    is_open = self.read_runs()
                    if not is_open:
                        poll.unregister(0)
                        self._checks = CHECKS
                else:
                    self.stat = read(f"/proc/{self.pid}/stat")
                    self.has_ended, self.ended_at = True, time.time()
            if self._checks and not self.has_ended:
                self._checks -= 1
                now = image_in(read(f"/proc/{self.pid}/stat"))
                self.has_ended = self.is_replaced = bool(now and self._image and now != self._image)
            if self.fd < 0 and not self._exists():
                self.has_ended = True
            if self._note_at is not None and time.monotonic() >= self._note_at and not self.has_ended:
                self._note_at = None
                note()
        while is_open and select.select([0], [], [], 0)[0]:
            is_open = self.read_runs()

    def _handle_signals(self) -> int:
        """Outlive signals sent to all processes of a job; return a descriptor that becomes readable with a notice."""
        wake, self._wake = os.pipe()
        for name in (*NOTICES, *IGNORED):
            if number := getattr(signal, name, None):
                signal.signal(number, self._notice if name in NOTICES else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        return wake

    def _notice(self, number: int, frame: object) -> None:
        if not self.notice:
            self.notice = signal.Signals(number).name
            self._note_at = time.monotonic() + NOTICE_SECONDS
            os.write(self._wake, b".")

    def _timeout(self) -> float | None:
        delays = [] if self._note_at is None else [max(0.0, self._note_at - time.monotonic())]
        waits = [
            *delays,
            *([POLL_SECONDS] if self.fd < 0 else []),
            *([CHECK_SECONDS] if self._checks else []),
        ]
        return min(waits) * 1000 + 1 if waits else None

    def read_runs(self) -> bool:
        """Read the folders of further runs; return False at the end of the input."""
        block = os.read(0, 65536)
        *lines, self._unread = (self._unread + block).split(b"\n")
        marked = [line for line in lines if line.startswith(UNDECIDED)]
        self.undecided.update(os.fsdecode(line.removeprefix(UNDECIDED)) for line in marked)
        self.runs = [*self.runs, *(os.fsdecode(line) for line in lines if line not in marked)][-MOST_RUNS:]
        return bool(block)

    def _exists(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


def main() -> None:
    """Watch the training named by the arguments, and judge its end."""
    package, pid, start, fd = sys.argv[1:]
    # Those that the training inherited, such as pipes to other programs.
    os.closerange(3, max(3, int(fd)))
    os.closerange(max(3, int(fd) + 1), 1024)
    watch = CompanionWatch(int(pid), start, int(fd))
    # Last, so that nothing beside it hides a module of the standard library.
    sys.path.append(package)
    watch.run(lambda: judge_module().note(watch))
    judge_module().judge(watch)


def judge_module() -> Any:
    """Import what takes most of the memory; this module is also imported by that one."""
    from importlib import import_module

    return import_module("runicorn.companion.judge")


if __name__ == "__main__":
    main()
