"""Scheduler jobs (SLURM) of runs, from the environment and from the scheduler itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runicorn.store.state import evidence_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.api.responses.runs import Evidence

JOB = "job"
"""Key in `meta.json`."""
ASK_SECONDS = 5.0


def job_of(environment: Mapping[str, str]) -> Evidence:
    """Return the job in which a process with this environment runs; empty outside of one."""
    job_id = environment.get("SLURM_JOB_ID")
    if not job_id:
        return {}
    evidence: Evidence = {"scheduler": "SLURM", "job_id": job_id}
    restarts, end = environment.get("SLURM_RESTART_COUNT", ""), environment.get("SLURM_JOB_END_TIME", "")
    if restarts.isdecimal():
        evidence["restart_count"] = int(restarts)
    if end.isdecimal():
        evidence["job_end"] = float(end)
    return evidence


def job_in(meta: Mapping[str, Any]) -> Evidence:
    return evidence_in({"evidence": meta.get(JOB)})


def ask(job: Evidence) -> str:
    """Query the scheduler for the state of a job; "" without an answer. Takes up to `ASK_SECONDS`."""
    import shutil
    import subprocess

    program, job_id = shutil.which("scontrol"), job.get("job_id", "")
    if not program or not re.fullmatch(r"[0-9][0-9_]*", job_id):
        return ""
    try:
        answer = subprocess.run(
            [program, "--oneliner", "show", "job", job_id],
            capture_output=True,
            timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return ""
    words = dict(word.split("=", 1) for word in answer.split() if "=" in word)
    return words.get("JobState", "")
