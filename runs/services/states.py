"""States of running runs that the server judges: `lost`, and the changes to `stalled` and back."""

from __future__ import annotations

from runicorn.api.responses.runs import Evidence
from runicorn.store import heartbeat, layout
from runicorn.store.state import State
from runicorn.store.state.reasons import explain
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.store.reader import STATE_REASON_LENGTH
from runs.store.sanitize import clean_text


def change(run: Run, state: State, evidence: Evidence | None = None) -> bool:
    """Change the state of a running run; return False if it has ended or has another state by now.

    Args:
        run: the run; of its row, `pk`, `root` and `state` are used.
        state: the new state.
        evidence: what it follows from.
    """
    sentence = explain(state, layout.RUNNING, None, evidence or {})
    rows = Run.objects.filter(pk=run.pk, status=layout.RUNNING, state=run.state)
    changed = rows.update(
        state=state.value,
        state_reason=clean_text(str(sentence), STATE_REASON_LENGTH) if sentence else None,
        evidence=dict(evidence or {}),
    )
    if changed:
        counts.changed(run.root)
    return bool(changed)


def judge_heartbeats(root: StorageRoot, now: float) -> None:
    """Find the runs of a root that have become silent, and those whose heartbeats continue.

    Args:
        now: Unix seconds.
    """
    running = Run.objects.in_root(root).live().filter(status=layout.RUNNING)
    limit = now - heartbeat.SILENT_SECONDS
    silent = running.filter(state__in=(State.RUNNING, State.STALLED), heartbeat__lt=limit)
    for run in silent.only("state", "heartbeat"):
        run.root = root
        if run.heartbeat is not None and heartbeat.is_silent(layout.RUNNING, run.heartbeat, now):
            change(run, State.LOST, {"since": run.heartbeat})
    for run in running.filter(state=State.LOST, heartbeat__gte=limit).only("state"):
        run.root = root
        change(run, State.RUNNING)
