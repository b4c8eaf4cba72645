"""Jobs of a scheduler (SLURM): what the environment of a run says, and why the scheduler ended it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runicorn.store.state import State, evidence_in

if TYPE_CHECKING:
    from runicorn.api.responses.runs import Evidence

JOB = "job"
"""Key in `meta.json`."""
NOTICES = frozenset({"SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU"})
"""Signals with which a scheduler announces the end: SIGTERM itself, the others as the user asked (`--signal`)."""
NEAR_SECONDS = 600.0
"""Time before the end of the time limit in which a notice is about it; `--signal` usually asks for less."""
REPORTED = {
    "TIMEOUT": State.TIME_LIMIT,
    "DEADLINE": State.TIME_LIMIT,
    "PREEMPTED": State.PREEMPTED,
    "REQUEUED": State.PREEMPTED,
    "CANCELLED": State.INTERRUPTED,
}
ASK_SECONDS = 5.0


def job_of(environment: Mapping[str, str]) -> Evidence:
    """Return the job in which a process with this environment runs; empty outside of one."""
    job_id = environment.get("SLURM_JOB_ID")
    if not job_id:
        return {}
    found: Evidence = {"scheduler": "SLURM", "job_id": job_id}
    restarts, end = environment.get("SLURM_RESTART_COUNT", ""), environment.get("SLURM_JOB_END_TIME", "")
    if restarts.isdecimal():
        found["restart_count"] = int(restarts)
    if end.isdecimal():
        found["job_end"] = float(end)
    return found


def job_in(meta: Mapping[str, Any]) -> Evidence:
    return evidence_in({"evidence": meta.get(JOB)})


def announced(job: Evidence, notice: str, now: float) -> State:
    """Return the state of a run that ended after a notice, derived from the time.

    Args:
        now: time of the notice in Unix seconds.
    """
    if "job_end" in job:
        return State.TIME_LIMIT if now >= job["job_end"] - NEAR_SECONDS else State.PREEMPTED
    return State.PREEMPTED if notice == "SIGTERM" else State.TIME_LIMIT


def ask(job: Evidence) -> State | None:
    """Ask the scheduler why it ended a job; None if it does not tell. Takes up to `ASK_SECONDS`."""
    import shutil
    import subprocess

    program, job_id = shutil.which("scontrol"), job.get("job_id", "")
    if not program or not re.fullmatch(r"[0-9][0-9_]*", job_id):
        return None
    try:
        answer = subprocess.run(
            [program, "--oneliner", "show", "job", job_id],
            capture_output=True,
            timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
    words = dict(word.split("=", 1) for word in answer.split() if "=" in word)
    return REPORTED.get(words.get("JobState", ""))


def end_of_job(reason: str | None) -> tuple[State | None, Evidence]:
    """Return state and evidence of a run of this process that ends by a signal; without a job nothing."""
    job = job_of(os.environ) if reason in NOTICES else {}
    if not job or reason is None:
        return None, {}
    return announced(job, reason, time.time()), {**job, "notice": reason}
