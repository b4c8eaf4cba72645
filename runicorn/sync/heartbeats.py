"""Heartbeats of mirrored runs: when the mirror last saw a run that says it is running."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runicorn.store import heartbeat, layout
from runicorn.sync.fetcher import prepare_target


def write_heartbeats(root: Path, folders: Iterable[str]) -> set[str]:
    """Write the heartbeats of those of `folders` whose runs say they are running, and return these folders."""
    now = time.time()
    running = set()
    for folder in folders:
        run_dir = root / folder
        if layout.read_json(run_dir / layout.STATUS)[0].get("status") != layout.RUNNING:
            continue
        running.add(folder)
        if now - (heartbeat.read(run_dir) or 0.0) < heartbeat.INTERVAL_SECONDS:
            continue
        with suppress(OSError):  # a full disk or a link; the mirror itself reports what it could not write
            heartbeat.write(prepare_target(root, f"{folder}/{heartbeat.NAME}").parent, now)
            # The file is written in place: viewers notice by the folders.
            os.utime(run_dir)
            os.utime(run_dir.parent)
    return running
