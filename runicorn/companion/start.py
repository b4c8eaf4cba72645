"""Start the companion of this process and tell it the runs to watch."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from runicorn import _platform
from runicorn.companion.watch import IGNORED, NOTICES
from runicorn.settings import user as settings

OFF = ("0", "false", "no", "off")
IN_BACKGROUND = 'exec 3<&0; "$@" <&3 3<&- &'
"""Shells give a command in the background an empty input, unless it has another one by number."""
_pipe = -1
_owner = 0
"""Pid of the process whose companion reads the pipe."""


def watch(run_dir: Path) -> None:
    """Let the companion judge how this run ends if the process cannot write it itself. Never raises."""
    if settings.get("RUNICORN_COMPANION").strip().lower() in OFF or not hasattr(os, "posix_spawn"):
        return
    line = os.fsencode(run_dir) + b"\n"
    with suppress(OSError, ValueError):
        if _owner == os.getpid() and _tell(line):
            return
        _start()
        _tell(line)


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
    package = Path(__file__).resolve().parents[2]
    program = str(package / "runicorn" / "companion" / "watch.py")
    python = sys.executable or "python3"
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    own = _own_pidfd()
    target = 4 if own != 4 else 5  # a duplicate, since the original is closed at exec
    about = (str(package), str(pid), "" if start is None else f"{start:.0f}", str(target if own >= 0 else -1))
    try:
        # Through a shell that ends at once: a training that waits for all of its children does not wait for this one.
        shell = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", IN_BACKGROUND, "sh", python, "-I", "-S", program, *about],
            _environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reading, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                *([(os.POSIX_SPAWN_DUP2, own, target)] if own >= 0 else []),
            ],
            setsid=True,
            # Until it handles them.
            setsigmask=[number for name in (*NOTICES, *IGNORED) if (number := getattr(signal, name, None))],
        )
        with suppress(ChildProcessError):  # children are ignored (SIGCHLD)
            os.waitpid(shell, 0)
    except (OSError, NotImplementedError):
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
    """Return what the companion needs; nothing of the user, and no variable that changes Python."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SLURM_CONF") if name in os.environ}
