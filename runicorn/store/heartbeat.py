"""Heartbeat of a run that logs to a server: the file `.heartbeat` in its folder there."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn.store import layout

NAME = ".heartbeat"
INTERVAL_SECONDS = 30.0
"""Time between two heartbeats; with each one the viewer reads the run again."""
SILENT_SECONDS = 180.0
"""Age of the heartbeat from which a running run may be lost."""
CEILING = 4096
GRACE_SECONDS = 75.0
"""Time for senders to be heard again by a server that was off, suspended or busy."""
_listening_since = 0.0


def listen(now: float) -> None:
    """Record that heartbeats are received from `now` (Unix seconds) on: those before may have been missed."""
    global _listening_since
    _listening_since = now


def write(run_dir: Path, now: float) -> None:
    """Record that the run was alive at `now` (Unix seconds). Not synced, since the next one follows soon.

    Raises:
        OSError: it could not be written, or the file is a link.
    """
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with open(os.open(run_dir / NAME, flags, 0o666), "wb") as file:
        file.write(f'{{"at": {now!r}}}'.encode())


def read(run_dir: Path | str) -> float | None:
    """Return when the run was last alive, in Unix seconds; None without a heartbeat."""
    at = layout.read_json(f"{run_dir}/{NAME}", ceiling=CEILING)[0].get("at")
    return float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None


def is_silent(status: str, heartbeat: float | None, now: float) -> bool:
    """Return whether a running run has had no heartbeat for `SILENT_SECONDS`, in which it could have been received."""
    if status != layout.RUNNING or heartbeat is None:
        return False
    return now - heartbeat > SILENT_SECONDS and now - _listening_since > GRACE_SECONDS
