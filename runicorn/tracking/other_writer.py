"""Detection of another live process that writes the same run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runicorn import _platform
from runicorn.store import layout, process_identity

RECENT = 60.0
"""Seconds since the last record within which a process of another host counts as alive."""


def find_other_writer(run_dir: Path) -> str | None:
    """Describe the process that writes a run which is to be resumed; `None` if there is none."""
    meta, status = (layout.read_json(run_dir / name)[0] for name in (layout.META, layout.STATUS))
    pid, start = meta.get("pid"), meta.get("process_start")
    if status.get("status") != layout.RUNNING or not isinstance(pid, int):
        return None
    host = process_identity.this_host()
    if (meta.get("machine_id"), meta.get("pid_namespace")) == (host.machine_id, host.pid_namespace):
        boot = str(meta.get("boot_id") or "")
        if pid == os.getpid() or _platform.process_gone(
            pid, start if isinstance(start, float) else None, boot
        ):
            return None
        return f"process {pid}"
    return f"process {pid} on {meta.get('hostname')}" if _is_recent(run_dir / layout.EVENTS) else None


def _is_recent(journal: Path) -> bool:
    try:
        return time.time() - journal.stat().st_mtime < RECENT
    except OSError:
        return False
