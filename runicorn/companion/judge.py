"""Verdicts of the companion process, in `status.json` of the runs it watched."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runicorn.companion.exit_status import exit_code
from runicorn.companion.verdict import End, is_open, write_end
from runicorn.companion.watch import oom_kills
from runicorn.store import layout, leftovers
from runicorn.store.state import scheduler
from runicorn.store.state.reasons import fields
from runicorn.store.state.transitions import (
    REPLACED,
    Event,
    Observation,
    Standing,
    ending_by_code,
    exit_reason_of,
    follow,
)

AGAIN_SECONDS = 1.5

if TYPE_CHECKING:
    from runicorn.companion.watch import CompanionWatch


def judge(watch: CompanionWatch) -> None:
    """Write the end of each run that the training has not ended itself, and once more if a viewer replaces it."""
    if _judge(watch):
        # A viewer that saw the process gone at the same moment may write its own verdict, which knows less.
        time.sleep(AGAIN_SECONDS)
        _judge(watch)


def _judge(watch: CompanionWatch) -> bool:
    """Write the missing ends; return whether there were any."""
    has_written = False
    code = exit_code(watch.fd, watch.stat)
    end = End(code, oom_kills(watch.oom_files) - watch.oom_kills, watch.notice, watch.ended_at)
    reason = REPLACED if watch.is_replaced else exit_reason_of(code)
    for run_dir, meta, status in _runs(watch):
        if not watch.is_replaced:
            leftovers.remove_of_process(run_dir, watch.pid)
        with suppress(OSError):  # a full disk, or a removed folder: the viewer judges later
            if is_open(status):
                has_written = True
                write_end(run_dir, meta, reason, end)
            elif str(run_dir) in watch.undecided and code is not None and os.WIFEXITED(code):
                _correct(run_dir, status, os.WEXITSTATUS(code))
            else:
                _ask_scheduler(run_dir, meta, status)
    return has_written


def _correct(run_dir: Path, status: dict[str, Any], code: int) -> None:
    """Mark a run as failed that the training ended as finished, if the exit code is not 0."""
    if code and status.get("status") == layout.FINISHED:
        end = Observation(Event.ENDED, *ending_by_code(code), evidence={"exit_code": code})
        if change := follow(Standing.of(status), end):
            layout.write_json(run_dir / layout.STATUS, {**status, **fields(change)})


def note(watch: CompanionWatch) -> None:
    """Record the notice of a scheduler in `meta.json` of running runs; the training may write their end at any moment."""
    for run_dir, meta, status in _runs(watch):
        job = scheduler.job_in(meta)
        if job and status.get("status") == layout.RUNNING:
            with suppress(OSError):
                layout.write_json(
                    run_dir / layout.META, {**meta, scheduler.JOB: {**job, "notice": watch.notice}}
                )


def _ask_scheduler(run_dir: Path, meta: dict[str, Any], status: dict[str, Any]) -> None:
    """Replace the state that the training has guessed from the signal by the one that the scheduler reports."""
    job = scheduler.job_in(meta)
    report = Observation(Event.REPORTED, job=job, report=lambda: scheduler.ask(job))
    if change := follow(Standing.of(status), report):
        layout.write_json(run_dir / layout.STATUS, {**status, **fields(change)})


def _runs(watch: CompanionWatch) -> list[tuple[Path, dict[str, Any], dict[str, Any]]]:
    """Return folder, `meta.json` and `status.json` of the runs that the process still owns."""
    owned = []
    for folder in dict.fromkeys(watch.runs):
        run_dir = Path(folder)
        meta, problem = layout.read_json(run_dir / layout.META)
        status, broken = layout.read_json(run_dir / layout.STATUS)
        start = meta.get("process_start")
        same = meta.get("pid") == watch.pid and (not watch.start or start == float(watch.start))
        if same and not problem and not broken:
            owned.append((run_dir, meta, status))
    return owned
