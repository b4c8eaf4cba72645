"""The table of state transitions is documented, and no observation leads out of it."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from runicorn.store import layout
from runicorn.store.process_identity import NOT_FOUND
from runicorn.store.state import OF_THE_SERVER, STATES, State
from runicorn.store.state.transitions import (
    ANY,
    NOTICES,
    OPEN,
    TABLE,
    Event,
    Observation,
    Rule,
    Standing,
    StateChange,
    follow,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "states.md"
ENDED = ANY - OPEN


def documented() -> dict[str, Rule]:
    """Return the rules of the page, by observation."""
    section = PAGE.read_text(encoding="utf-8").partition("## Transitions")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if "| `" in line
    ]
    return {row[0].strip("`"): Rule(_states(row[2]), _states(row[3]), _reasons(row[2])) for row in rows}


def _states(cell: str) -> frozenset[State]:
    words = re.findall(r"`([a-z_*]+)`", cell)
    named = frozenset(State(word) for word in words if word in STATES)
    if "any but" in cell:
        return ANY - named
    if "any end" in cell:
        return ENDED
    return ANY if "any" in cell else OPEN if "running*" in words else named


def _reasons(cell: str) -> frozenset[str] | None:
    _, is_limited, words = cell.partition("with the reason")
    return frozenset(re.findall(r"`(\w+)`", words)) if is_limited else None


def test_the_page_of_states_shows_the_table() -> None:
    assert documented() == {event.value: rule for event, rule in TABLE.items()}


JOB = {"scheduler": "SLURM", "job_id": "7"}
SEEN = [
    Observation(
        event, status, reason, job=job, report=lambda word=word: word, memory=lambda memory=memory: memory
    )
    for event, status, reason, job, word, memory in product(
        set(Event) - {Event.READ, Event.ENDED, Event.BEGUN},
        ("",),
        (None, NOT_FOUND, "SIGKILL", "SIGTERM", "SIGSEGV", "exit: 3", "KeyboardInterrupt"),
        ({}, JOB, {**JOB, "job_end": 100.0}),
        ("", "TIMEOUT", "PREEMPTED", "CANCELLED", "COMPLETED"),
        ({}, {"oom_kills": 1}),
    )
]
SEEN += [
    Observation(Event.ENDED, status, reason, job=job)
    for status, reason, job in product(
        (layout.FINISHED, layout.FAILED, layout.INTERRUPTED),
        (None, "SIGTERM", "SIGKILL", "exit: 3", "ValueError: no"),
        ({}, JOB, {**JOB, "job_end": 100.0}),
    )
]
SEEN += [Observation(Event.READ, state) for state in STATES if state != State.STALLED]
SEEN += [Observation(Event.BEGUN)]


@pytest.mark.parametrize("event", list(Event))
def test_no_observation_leads_out_of_the_table(event: Event) -> None:
    rule, targets = TABLE[event], set[State]()
    for state, reason in product(State, (None, NOT_FOUND, "SIGTERM", 5, [])):
        for observation in SEEN:
            if observation.event is not event:
                continue
            change = follow(Standing(state, reason), observation)
            if change is None:
                continue
            targets.add(change.state)
            assert state in rule.sources
            assert state in OPEN or rule.reasons is None or reason in rule.reasons
            if change.state not in OF_THE_SERVER:
                assert change.status in layout.STATUSES
    assert targets == rule.targets


def test_an_end_of_the_training_wins_over_a_viewer_that_missed_its_process() -> None:
    change = follow(Standing(State.FAILED, NOT_FOUND), Observation(Event.ENDED, layout.FINISHED))
    assert change == StateChange(State.FINISHED, layout.FINISHED)
    assert follow(Standing(State.FINISHED), Observation(Event.MISSING, exit_reason=NOT_FOUND)) is None


def test_a_companion_that_knows_more_replaces_the_verdict_of_a_viewer() -> None:
    observation = Observation(Event.EXITED, exit_reason="SIGSEGV", evidence={"signal": "SIGSEGV"})
    change = follow(Standing(State.FAILED, NOT_FOUND), observation)
    assert change == StateChange(State.KILLED, layout.FAILED, "SIGSEGV", {"signal": "SIGSEGV"})
    assert follow(Standing(State.FAILED, "exit: 1"), observation) is None


def test_a_stalled_run_whose_files_say_running_stays_stalled() -> None:
    assert follow(Standing(State.STALLED), Observation(Event.READ, State.RUNNING)) is None
    lost = follow(Standing(State.STALLED), Observation(Event.READ, State.LOST))
    assert lost is not None and lost.state is State.LOST


def test_evidence_that_takes_time_is_collected_only_if_the_state_may_change() -> None:
    def fail() -> str:
        raise AssertionError("asked in vain")

    observation = Observation(Event.REPORTED, job=JOB, report=fail)
    assert follow(Standing(State.FINISHED), observation) is None
    assert follow(Standing(State.FAILED, "exit: 1"), observation) is None
    assert TABLE[Event.REPORTED].reasons == NOTICES
