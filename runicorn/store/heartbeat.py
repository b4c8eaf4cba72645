"""Heartbeat of a run that logs to a server: the file `.heartbeat` in its folder there."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn.store import layout
from runicorn.store.state.transitions import Observation, silence

NAME = ".heartbeat"
INTERVAL_SECONDS = 30.0
"""Time between two heartbeats; with each one the viewer reads the run again."""
CEILING = 4096
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
    return float(at) if isinstance(at, (int, float)) and not isinstance(at, bool) else None


def observe(heartbeat: float | None, now: float) -> Observation | None:
    """Return the observation that the last heartbeat of a run is too old, if it is; times are Unix seconds."""
    return silence(heartbeat, now, _listening_since)
