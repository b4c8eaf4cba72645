"""States of runs: the closed set, its form in `status.json`, and its derivation from the status of Runicorn 0.5.

`status` keeps the four words of 0.5. `state` says more, `state_reason` explains it in one sentence, and `evidence` has
what was observed. `stalled` and `lost` are judged by the server and are never in the file: they follow from the journal
and the heartbeat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runicorn.newer_python import StrEnum
from runicorn.store import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.api.responses.runs import Evidence

STATE, STATE_REASON, EVIDENCE = "state", "state_reason", "evidence"
"""Keys in `status.json`."""


class State(StrEnum):
    RUNNING = "running"
    STALLED = "stalled"
    """Running, but without a step for much longer than usual."""
    LOST = "lost"
    """Running, but without a heartbeat."""
    FINISHED = "finished"
    FAILED = "failed"
    """Ended by an exception or an exit code, or for an unknown reason."""
    KILLED = "killed"
    """Ended by a signal that no program handles."""
    OUT_OF_MEMORY = "out_of_memory"
    PREEMPTED = "preempted"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"
    """Ended by a user or a scheduler, or with a status that Runicorn does not know."""


STATUS_OF: dict[State, str] = {
    State.RUNNING: layout.RUNNING,
    State.STALLED: layout.RUNNING,
    State.LOST: layout.RUNNING,
    State.FINISHED: layout.FINISHED,
    State.FAILED: layout.FAILED,
    State.KILLED: layout.FAILED,
    State.OUT_OF_MEMORY: layout.FAILED,
    State.PREEMPTED: layout.INTERRUPTED,
    State.TIME_LIMIT: layout.INTERRUPTED,
    State.INTERRUPTED: layout.INTERRUPTED,
}
"""The status of 0.5 that a run of each state has."""
STATES = tuple(state.value for state in State)
ADDED = tuple(state for state in STATES if state not in layout.STATUSES)
"""The states that are no status of 0.5."""
OF_THE_SERVER = (State.STALLED, State.LOST)

NUMBERS = frozenset({"exit_code", "oom_kills", "restart_count", "job_end", "since", "interval"})
TEXTS = frozenset({"signal", "kernel_log", "scheduler", "job_id", "notice", "last_line"})
"""Keys of `runicorn.api.responses.runs.Evidence` by the type of their values."""
LONGEST_TEXT = 300
MOST = 2**53


def state_in(status: Mapping[str, Any]) -> State:
    """Return the state that a `status.json` names; if it names none that fits its status, the one that follows from it."""
    word, state_name = status.get("status"), status.get(STATE)
    if isinstance(state_name, str) and state_name in STATES:
        state = State(state_name)
        if STATUS_OF[state] == word and state not in OF_THE_SERVER:
            return state
    return derived(word, status.get("exit_reason"))


def names_signal(exit_reason: str) -> bool:
    return re.fullmatch(r"SIG[A-Z0-9+]+", exit_reason) is not None


def derived(status: object, exit_reason: object) -> State:
    """Return the state of a run of which only status and exit reason are known."""
    if status == layout.FAILED and isinstance(exit_reason, str) and names_signal(exit_reason):
        return State.KILLED
    return State(str(status)) if status in layout.STATUSES else State.INTERRUPTED


def evidence_in(status: Mapping[str, Any]) -> Evidence:
    """Return the evidence in a `status.json`, without values of a wrong type."""
    evidence: dict[str, Any] = {}
    fields = status.get(EVIDENCE)
    for key, value in fields.items() if isinstance(fields, dict) else ():
        if key in TEXTS and isinstance(value, str):
            evidence[key] = value[:LONGEST_TEXT]
        elif key in NUMBERS and isinstance(value, (int, float)) and not isinstance(value, bool):
            # NaN fails the comparison.
            evidence |= {key: value} if abs(value) < MOST else {}
    return evidence  # type: ignore[return-value]
