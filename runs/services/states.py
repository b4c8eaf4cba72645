"""State changes of running runs that the server observes: heartbeats and stalls."""

from __future__ import annotations

from runicorn.store import heartbeat, layout
from runicorn.store.state import State
from runicorn.store.state.reasons import explain
from runicorn.store.state.transitions import SILENT_SECONDS, TABLE, Event, Observation, Standing, follow
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.store.reader import STATE_REASON_LENGTH
from runs.store.sanitize import clean_text


def apply(run: Run, observation: Observation) -> bool:
    """Apply an observation to the row of a running run; return False if its state stays or has changed by now.

    Args:
        run: the run; of its row, `pk`, `root` and `state` are used.
        observation: of the server, which is not written to files.
    """
    change = follow(Standing(State(run.state)), observation)
    if change is None:
        return False
    sentence = explain(change.state, layout.RUNNING, None, change.evidence)
    rows = Run.objects.filter(pk=run.pk, status=layout.RUNNING, state=run.state)
    changed = rows.update(
        state=change.state.value,
        state_reason=clean_text(str(sentence), STATE_REASON_LENGTH) if sentence else None,
        evidence=dict(change.evidence),
    )
    if changed:
        counts.invalidate(run.root)
    return bool(changed)


def judge_heartbeats(root: StorageRoot, now: float) -> None:
    """Find the runs of a root that have become silent, and those whose heartbeats continue.

    Args:
        now: Unix seconds.
    """
    running = Run.objects.in_root(root).live().filter(status=layout.RUNNING)
    limit = now - SILENT_SECONDS
    silent = running.filter(state__in=TABLE[Event.SILENT].sources, heartbeat__lt=limit)
    for run in silent.only("state", "heartbeat"):
        run.root = root
        if observation := heartbeat.observe(run.heartbeat, now):
            apply(run, observation)
    for run in running.filter(state=State.LOST, heartbeat__gte=limit).only("state"):
        run.root = root
        apply(run, Observation(Event.HEARTBEAT))
