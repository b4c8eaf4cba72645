"""Detection of another live process that writes the same run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runicorn.store import layout
from runicorn.store.process_identity import GRACE_SECONDS, ProcessRecord, is_alive, is_identified_here


def find_other_writer(run_dir: Path) -> str | None:
    """Describe the process that writes a run which is to be resumed; `None` without one."""
    meta, status = (layout.read_json(run_dir / name)[0] for name in (layout.META, layout.STATUS))
    process = ProcessRecord.from_dict(meta)
    if status.get("status") != layout.RUNNING or process.pid is None:
        return None
    if is_identified_here(process):
        is_other = process.pid != os.getpid() and is_alive(process)
        return f"process {process.pid}" if is_other else None
    is_recent = _is_recent(run_dir / layout.EVENTS)
    return f"process {process.pid} on {meta.get('hostname')}" if is_recent else None


def _is_recent(journal: Path) -> bool:
    try:
        return time.time() - journal.stat().st_mtime < GRACE_SECONDS
    except OSError:
        return False
