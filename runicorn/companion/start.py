"""Start of the companion process, and registration of the runs it watches."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from runicorn import _platform
from runicorn.capture import detached_process
from runicorn.settings import user as settings

OFF = ("0", "false", "no", "off")
UNDECIDED = b"\0"
"""Prefix of a run folder whose status the exit code decides: that of `watch`, which only the companion imports."""
_pipe = -1
_owner = 0
"""Pid of the process whose companion reads the pipe."""


def watch(run_dir: Path) -> None:
    """Register a run whose end the companion writes if the process cannot. Never raises."""
    if settings.get("RUNICORN_COMPANION").strip().lower() in OFF:
        return
    line = os.fsencode(run_dir) + b"\n"
    with suppress(OSError):
        if _owner == os.getpid() and _tell(line):
            return
        _start()
        _tell(line)


def decide_by_exit_code(run_dir: Path) -> None:
    """Let the companion mark this run as failed if the process ends with an exit code other than 0."""
    if _owner == os.getpid():
        _tell(UNDECIDED + os.fsencode(run_dir) + b"\n")


def _tell(line: bytes) -> bool:
    try:
        return os.write(_pipe, line) == len(line)
    except OSError:  # it was killed
        return False


def _start() -> None:
    """Start a companion in a session of its own, so that what is sent to our process group does not reach it."""
    global _pipe, _owner
    if _pipe >= 0:
        os.close(_pipe)
        _pipe = -1
    pid = os.getpid()
    start = _platform.process_start_time(pid) if sys.platform == "linux" else None
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    own = _own_pidfd()
    target = 4 if own != 4 else 5  # a duplicate, since the original is closed at exec
    about = (str(pid), "" if start is None else f"{start:.0f}", str(target if own >= 0 else -1))
    try:
        detached_process.start(
            "runicorn/companion/watch.py",
            about,
            _environment(),
            {0: reading, **({target: own} if own >= 0 else {})},
            masked=signal.valid_signals(),
        )
    except OSError:
        os.close(writing)
        raise
    finally:
        os.close(reading)
        if own >= 0:
            os.close(own)
    _pipe, _owner = writing, pid


def _own_pidfd() -> int:
    """Return a pidfd of this process, which names it even if it ends before the companion has started; else -1."""
    try:
        return os.pidfd_open(os.getpid())
    except (AttributeError, OSError):
        return -1


def _environment() -> dict[str, str]:
    """Return the environment of the companion: nothing of the user, and no variable that changes Python."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SLURM_CONF") if name in os.environ}
