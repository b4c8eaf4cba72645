"""Detection of dead runs: `running` on this machine, but the process is gone.

Marking it is the only change that the server makes to a file of the SDK. Once the process is known to be gone,
meta.json and status.json are read again; status.json is replaced only if they still describe the same process.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.models import F

from runicorn.companion.verdict import missing_process
from runicorn.store import layout
from runicorn.store.process_identity import has_ended, is_in_grace
from runicorn.store.state.reasons import explain, fields
from runicorn.store.state.transitions import Standing, StateChange, follow
from runicorn_site.web import moments
from runicorn_site.web.readable import unrestricted
from runs.errors import OutsideRoot
from runs.index import discovery, refresh
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.store.folder_stat import read_state
from runs.store.sanitize import integer, number

if TYPE_CHECKING:
    from runicorn.store.process_identity import Process

logger = logging.getLogger(__name__)

PAUSE_FACTOR = 50
"""Requests for lists check processes for at most 1/50 of the time."""
_next_check: dict[tuple[int, str], float] = {}
_looks: dict[tuple[int, str], moments.SharedCall[None]] = {}


@dataclass(frozen=True)
class DeadRun:
    """A run whose process is gone."""

    ended: float
    """When the run last wrote anything, in Unix seconds."""
    change: StateChange
    write_error: str | None
    """Why status.json could not be replaced."""


def mark_if_dead(folder: Path, run: Process) -> DeadRun | None:
    """Mark a run as failed in its status.json if its process is gone; return None if it is not."""
    if not has_ended(run):
        return None
    written_at = read_state(folder).written
    if is_in_grace(run, written_at, time.time()):
        return None
    meta, meta_problem = layout.read_json(folder / layout.META)
    status, problem = layout.read_json(folder / layout.STATUS)
    same = integer(meta.get("pid")) == run.pid and number(meta.get("process_start")) == run.process_start
    if problem or meta_problem or not same:
        return None
    change = follow(Standing.of(status), missing_process(meta))
    if change is None:
        return None
    try:
        layout.write_json(folder / layout.STATUS, {**status, **fields(change), "ended_at": written_at})
    except OSError as error:
        logger.warning("The status of %s could not be written: %s", folder, error)
        return DeadRun(written_at, change, error.strerror or str(error))
    return DeadRun(written_at, change, None)


def apply_rule(run: Run) -> Run:
    """Apply the rule to a run whose process is gone and return its refreshed row."""
    try:
        dead = mark_if_dead(run.path, run)
    except FileNotFoundError:
        return run
    if dead is not None and dead.write_error is not None:
        _save_in_row(run, dead)
    return refresh.refresh_run(run.root, run.run_id) or run


def check_processes(root: StorageRoot) -> tuple[int, int]:
    """Apply the rule to every running run; return how many were checked and how many of them had died."""
    checked = updated = 0
    fields = ("run_id", "folder", "status", "pid", "process_start", "hostname", "machine_id", "boot_id")
    running = Run.objects.in_root(root).live().filter(status=layout.RUNNING)
    for run in running.only(*fields, "pid_namespace").order_by("pk"):
        checked += 1
        if has_ended(run):
            run.root = root
            with suppress(OutsideRoot):
                updated += apply_rule(run).status != layout.RUNNING
    return checked, updated


def refresh_before_listing(root: StorageRoot) -> None:
    """Update the rows of changed folders, and check processes unless that was done recently.

    Requests of the same moment share one look, which begins after each of them came.
    """
    moment = moments.current()
    if moment is not None and moment.has_looked and moment.root == root.pk:
        return
    key = (root.pk, root.path)
    if (look := _looks.get(key)) is None:
        look = _looks.setdefault(key, moments.SharedCall(partial(_look, root)))
    look()


def _look(root: StorageRoot) -> None:
    with unrestricted():  # the rows are for all readers
        discovery.scan_changed_runs(root)
        began = time.monotonic()
        key = (root.pk, root.path)
        if began >= _next_check.get(key, 0.0):
            check_processes(root)
            duration = time.monotonic() - began
            _next_check[key] = time.monotonic() + PAUSE_FACTOR * duration


def _save_in_row(run: Run, dead: DeadRun) -> None:
    """Save the failure in the row alone, with a warning, if the file could not be written."""
    sentence = f"The process is gone, but status.json could not be updated: {dead.write_error}."
    warnings = Run.objects.values_list("warnings", flat=True).get(pk=run.pk)
    change = dead.change
    reason = explain(change.state, change.status, change.exit_reason, change.evidence)
    still_running = Run.objects.filter(pk=run.pk, status=layout.RUNNING)
    still_running.update(
        status=change.status,
        exit_reason=change.exit_reason,
        state=change.state.value,
        state_reason=str(reason) if reason else None,
        evidence=dict(change.evidence),
        ended=dead.ended,
        duration=dead.ended - F("started"),
        warnings=[*warnings, sentence],
    )
    counts.invalidate(run.root)
