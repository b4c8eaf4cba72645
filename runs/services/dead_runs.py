"""The dead-process rule: a run that says `running` on this machine, and whose process is gone, has failed. Pure.

The verdict is the only thing that the server ever writes into a file of the SDK, and in this order: the process is
found gone, meta.json and status.json are read again, they still tell of the same process, status.json is replaced.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from runicorn.store import layout
from runicorn.store.process_identity import Started, is_gone
from runs.store.folder_stat import look
from runs.store.sanitize import integer, number

logger = logging.getLogger(__name__)

NOT_FOUND = "process_not_found"
SILENT_SECONDS = 60.0
"""Runs of 0.4 and 0.5 tell only a host name, which containers share: such a run must have been silent this long."""


@dataclass(frozen=True)
class Verdict:
    """A run that was found dead."""

    ended: float
    """The last time it wrote anything."""
    unwritten: str | None
    """Why the verdict could not be written into status.json."""


def judge(folder: Path, run: Started) -> Verdict | None:
    """Apply the rule to one run and write the verdict; None when the run is not dead.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not is_gone(run):
        return None
    written = look(folder).written
    if not run.machine_id and time.time() - written < SILENT_SECONDS:
        return None
    meta, meta_problem = layout.read_json(folder / layout.META)
    status, problem = layout.read_json(folder / layout.STATUS)
    same = integer(meta.get("pid")) == run.pid and number(meta.get("process_start")) == run.process_start
    if problem or meta_problem or not same or status.get("status") != layout.RUNNING:
        return None
    verdict = {"status": layout.FAILED, "ended_at": written, "exit_reason": NOT_FOUND}
    try:
        layout.write_json(folder / layout.STATUS, status | verdict)
    except OSError as error:
        logger.warning("The verdict on %s could not be written: %s", folder, error)
        return Verdict(written, error.strerror or str(error))
    return Verdict(written, None)
