"""Transitions of run states: what follows from a state and an observation.

This module alone decides about states. The training, its companion, the sender of an upload, importers and the server
bring an `Observation`, and apply the `StateChange` that `follow` returns. `docs/guides/states.md` shows `TABLE`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

from runicorn.newer_python import StrEnum
from runicorn.store import layout
from runicorn.store.process_identity import NOT_FOUND
from runicorn.store.state import STATUS_OF, State, derived, state_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from runicorn.api.responses.runs import Evidence

    Ending = tuple[str, str | None]
    """Status and exit reason."""
else:
    from runicorn.named_tuple import NamedTuple

REASON_LENGTH = 200
REPLACED = "exec"
"""Exit reason of a process that became another program."""
UNSEEN = frozenset({"SIGKILL", NOT_FOUND})
"""Exit reasons that may hide another: no program handles SIGKILL, and the kernel uses it when memory runs out."""
NOTICES = frozenset({"SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU"})
"""Signals with which a scheduler announces the end: SIGTERM itself, the others as the user asked (`--signal`)."""
NEAR_SECONDS = 600.0
"""Time before the end of the time limit in which a notice is about it; `--signal` usually asks for less."""
OF_JOBS = {
    "TIMEOUT": State.TIME_LIMIT,
    "DEADLINE": State.TIME_LIMIT,
    "PREEMPTED": State.PREEMPTED,
    "REQUEUED": State.PREEMPTED,
    "CANCELLED": State.INTERRUPTED,
}
"""States by the word of the scheduler (SLURM) for the job."""
SILENT_SECONDS = 180.0
"""Age of the heartbeat from which a running run may be lost."""
GRACE_SECONDS = 75.0
"""Time for senders to be heard again by a server that was off, suspended or busy."""
STALL_FACTOR = 5.0
"""A run is stalled after this multiple of the mean time between its steps."""
STALL_SECONDS = 120.0
"""Least time without a step of a stalled run."""
GROWING_SECONDS = 600.0
"""A run of another tracker without an end counts as running this long after its last change: trackers flush every few
minutes."""


class Event(StrEnum):
    """Kinds of observations."""

    BEGUN = "begun"
    """The training begins, resumes or continues the run."""
    ENDED = "ended"
    """The training ends the run."""
    EXITED = "exited"
    """The process was observed to end without writing an end, by its companion or the sender of an upload."""
    MISSING = "missing"
    """The process is gone, found by a viewer of the same machine."""
    REPORTED = "reported"
    """The scheduler reports why it ended the job."""
    SILENT = "silent"
    """The last heartbeat is old."""
    HEARTBEAT = "heartbeat"
    IDLE = "idle"
    """The last step is old."""
    STEP = "step"
    READ = "read"
    """The files of the run were read again."""


def no_evidence() -> Evidence:
    return {}


class Observation(NamedTuple):
    """An observation about a run.

    Attributes:
        status: the word of the training, or the state that the files show.
        evidence: what is stored with the new state.
        at: its time in Unix seconds.
        job: the job of the scheduler in which the run is.
        notice: signal with which the scheduler announced the end.
        memory: returns the evidence that memory ran out; empty without any. Called only if it may matter.
        report: returns the scheduler's word for the job; "" if unknown. Called only if it may matter.
    """

    event: Event
    status: str = ""
    exit_reason: str | None = None
    evidence: Evidence = {}
    at: float = 0.0
    job: Evidence = {}
    notice: str = ""
    memory: Callable[[], Evidence] = no_evidence
    report: Callable[[], str] = lambda: ""


class Standing(NamedTuple):
    """The state that a run has, and the reason of its end."""

    state: State
    exit_reason: object = None

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Standing:
        """Return that of a `status.json`."""
        return cls(state_in(status), status.get("exit_reason"))


class StateChange(NamedTuple):
    """The new state of a run."""

    state: State
    status: str
    exit_reason: str | None = None
    evidence: Evidence = {}


class Rule(NamedTuple):
    """Transitions after one kind of observation.

    Attributes:
        reasons: exit reasons with which a run that has ended is among the sources; None for any.
    """

    sources: frozenset[State]
    targets: frozenset[State]
    reasons: frozenset[str] | None = None


ANY = frozenset(State)
OPEN = frozenset({State.RUNNING, State.STALLED, State.LOST})
BY_SCHEDULER = frozenset({State.PREEMPTED, State.TIME_LIMIT, State.INTERRUPTED})
BY_SELF = frozenset({State.FINISHED, State.FAILED, State.KILLED, State.INTERRUPTED})
BY_SYSTEM = frozenset({State.FAILED, State.KILLED, State.OUT_OF_MEMORY})
RUNNING = frozenset({State.RUNNING})
TABLE = {
    Event.BEGUN: Rule(ANY, RUNNING),
    Event.ENDED: Rule(ANY, BY_SELF | BY_SCHEDULER),
    # A viewer may have found the process missing before; it knows less.
    Event.EXITED: Rule(ANY, BY_SYSTEM | BY_SCHEDULER, frozenset({NOT_FOUND})),
    Event.MISSING: Rule(OPEN, BY_SYSTEM | BY_SCHEDULER),
    Event.REPORTED: Rule(ANY - OPEN, BY_SCHEDULER, NOTICES),
    Event.SILENT: Rule(frozenset({State.RUNNING, State.STALLED}), frozenset({State.LOST})),
    Event.HEARTBEAT: Rule(frozenset({State.LOST}), RUNNING),
    Event.IDLE: Rule(RUNNING, frozenset({State.STALLED})),
    Event.STEP: Rule(frozenset({State.STALLED}), RUNNING),
    # Files do not show that steps are missing.
    Event.READ: Rule(ANY, ANY - {State.STALLED}),
}
"""The states from which each observation leads to which states."""
NEW = Standing(State.RUNNING)


def may_follow(standing: Standing, event: Event) -> bool:
    """Return whether an observation of this kind may change the state."""
    rule = TABLE[event]
    if standing.state not in rule.sources:
        return False
    if standing.state in OPEN or rule.reasons is None:
        return True
    return isinstance(standing.exit_reason, str) and standing.exit_reason in rule.reasons


def follow(standing: Standing, observation: Observation) -> StateChange | None:
    """Return the change of state that follows; None if the state stays."""
    if not may_follow(standing, observation.event):
        return None
    if observation.event in (Event.EXITED, Event.MISSING):
        return _exited(observation)
    if observation.event is Event.ENDED:
        return _ended(observation)
    if observation.event is Event.REPORTED:
        return _reported(standing, observation)
    if observation.event is Event.READ:
        if standing.state is State.STALLED and observation.status == State.RUNNING:
            return None
        state = State(observation.status)
        return StateChange(state, STATUS_OF[state], observation.exit_reason, observation.evidence)
    (target,) = TABLE[observation.event].targets
    return StateChange(target, STATUS_OF[target], None, observation.evidence)


def _ended(observation: Observation) -> StateChange:
    reason = observation.exit_reason
    if observation.job and reason in NOTICES and observation.status == layout.INTERRUPTED:
        return _by_scheduler(
            _announced(observation.job, reason, observation.at), reason, {**observation.job, "notice": reason}
        )
    return StateChange(derived(observation.status, reason), observation.status, reason, observation.evidence)


def _exited(observation: Observation) -> StateChange:
    reason = observation.exit_reason or NOT_FOUND
    if reason in UNSEEN and (memory := observation.memory()):
        evidence: Evidence = {**observation.evidence, **memory}
        return StateChange(State.OUT_OF_MEMORY, STATUS_OF[State.OUT_OF_MEMORY], reason, evidence)
    if observation.job and (reason in NOTICES or (observation.notice and reason in UNSEEN)):
        notice = observation.notice or reason
        state = OF_JOBS.get(observation.report()) or _announced(observation.job, notice, observation.at)
        return _by_scheduler(state, reason, {**observation.evidence, **observation.job, "notice": notice})
    interrupted = reason in ("SIGTERM", "KeyboardInterrupt")
    status = layout.INTERRUPTED if interrupted else layout.FAILED
    return StateChange(derived(status, reason), status, reason, observation.evidence)


def _reported(standing: Standing, observation: Observation) -> StateChange | None:
    state, reason = OF_JOBS.get(observation.report()) if observation.job else None, str(standing.exit_reason)
    if state in (None, standing.state) or STATUS_OF[state] != STATUS_OF[standing.state]:
        return None
    return _by_scheduler(state, reason, {**observation.job, "notice": reason})


def _by_scheduler(state: State, reason: str, evidence: Evidence) -> StateChange:
    return StateChange(state, STATUS_OF[state], reason, evidence)


def _announced(job: Evidence, notice: str, now: float) -> State:
    """Return the state of a run that ended after a notice, derived from the time of the notice."""
    if "job_end" in job:
        return State.TIME_LIMIT if now >= job["job_end"] - NEAR_SECONDS else State.PREEMPTED
    return State.PREEMPTED if notice == "SIGTERM" else State.TIME_LIMIT


def ending_by(error: BaseException | None) -> Ending:
    """Return status and exit reason of a run whose training ends with `error`."""
    if error is None:
        return layout.FINISHED, None
    if isinstance(error, SystemExit):
        return ending_by_code(error.code)
    if isinstance(error, KeyboardInterrupt):
        return layout.INTERRUPTED, "KeyboardInterrupt"
    return layout.FAILED, _first_line(f"{type(error).__name__}: {error}")


def ending_by_code(code: object) -> Ending:
    """Return status and exit reason of a run whose training calls `sys.exit(code)`."""
    if code is None or code == 0:
        return layout.FINISHED, None
    return layout.FAILED, _first_line(f"exit: {code}")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:REASON_LENGTH]


def exit_reason_of(wait_status: int | None) -> str:
    """Return the exit reason of a process that ended without writing its end; None if its status is unknown."""
    if wait_status is not None and os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        return "KeyboardInterrupt" if number == signal.SIGINT else signal_name(number)
    if wait_status is not None and os.WIFEXITED(wait_status) and os.WEXITSTATUS(wait_status):
        return f"exit: {os.WEXITSTATUS(wait_status)}"
    return NOT_FOUND


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"SIG{number}"


def is_idle(now: float, last: float, interval: float, same_since: float) -> bool:
    """Return whether the next step of a run is missing; all times are Unix seconds.

    Args:
        last: time of the last step, by the clock of the training.
        interval: usual seconds between two steps.
        same_since: since when no step was observed, by the clock of `now`.
    """
    return now - last >= max(STALL_FACTOR * interval, STALL_SECONDS) and now - same_since >= STALL_SECONDS


def silence(heartbeat: float | None, now: float, listening_since: float) -> Observation | None:
    """Return the observation that a heartbeat is too old, unless later ones may have been missed.

    Args:
        listening_since: since when heartbeats would have been received.
    """
    if heartbeat is None or now - heartbeat <= SILENT_SECONDS or now - listening_since <= GRACE_SECONDS:
        return None
    return Observation(Event.SILENT, evidence={"since": heartbeat})


def unfinished(last_change: float | None, now: float, reason: str = "") -> Ending:
    """Return status and reason of a run of another tracker whose end is not recorded.

    Args:
        last_change: Unix seconds of its last record or write; None if unknown.
        reason: why it counts as interrupted.
    """
    if last_change is not None and now - last_change < GROWING_SECONDS:
        return layout.RUNNING, None
    return layout.INTERRUPTED, reason
