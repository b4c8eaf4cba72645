"""Sentences that explain the state of a run.

They are English in `status.json` and in the API; pages translate the templates.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from runicorn.store import layout
from runicorn.store.state import EVIDENCE, STATE, STATE_REASON, State, evidence_in, names_signal, state_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from runicorn.api.responses.runs import Evidence
    from runicorn.store.state.transitions import StateChange
else:
    from runicorn.named_tuple import NamedTuple

_ = str
"""Marks a text for translation."""
TIMES = frozenset({"since"})
"""Values that are Unix seconds."""
SPANS = frozenset({"interval"})
"""Values that are seconds."""


class Sentence(NamedTuple):
    """A template with `%(name)s` and its values; `str()` is the English sentence."""

    template: str
    values: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.template % {name: _display_value(name, value) for name, value in self.values.items()}


def _display_value(name: str, value: Any) -> str:
    if name in TIMES:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(value))
    return span(value) if name in SPANS else str(value)


def span(seconds: float) -> str:
    """Return a time between steps in a unit that suits it."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


EXITS = {
    "process_not_found": _("The process of this run ended without an exit status. The run counts as failed."),
    "KeyboardInterrupt": _("Interrupted by the user (Ctrl-C, or Stop in a notebook)."),
    "SIGTERM": _("Terminated by SIGTERM, for example by a scheduler, a shutdown or kill."),
    "SIGHUP": _("Ended by SIGHUP: its terminal was closed."),
    "SIGKILL": _("Killed by SIGKILL, for example by the system when memory ran out, or by a scheduler."),
    "exec": _("The process was replaced by another program (exec)."),
}
# Compiled at the first failed run, not with each program that logs.
_CODE = r"exit: (-?\d+)"
_TEXT = r"(?s)exit: (.+)"
_EXCEPTION = r"(?s)([A-Za-z_][\w.]*)(?:: ?(.*))?"


def describe(status: Mapping[str, Any]) -> tuple[State, Sentence | None]:
    """Return the state of a run from the content of its `status.json`, and the sentence about it."""
    state, reason = state_in(status), status.get("exit_reason")
    word = status.get("status")
    return state, explain(
        state,
        word if isinstance(word, str) else "unknown",
        reason if isinstance(reason, str) else None,
        evidence_in(status),
    )


def explain(state: State, status: str, exit_reason: str | None, evidence: Evidence) -> Sentence | None:
    """Return the sentence about a state; None if there is nothing to explain.

    Args:
        status: the status of 0.5, or the unknown word that takes its place.
        exit_reason: the exit reason in `status.json`.
    """
    if state is State.LOST and "since" in evidence:
        return Sentence(
            _("No heartbeat since %(since)s. The training machine may be down or disconnected."),
            {"since": evidence["since"]},
        )
    if state is State.STALLED and "since" in evidence:
        return _stalled(evidence)
    if state is State.OUT_OF_MEMORY:
        return _out_of_memory(evidence)
    if state in (State.PREEMPTED, State.TIME_LIMIT):
        return _scheduled(state, evidence)
    if exit_reason:
        return _exit(exit_reason, status)
    if status not in layout.STATUSES:
        return Sentence(_("status.json has no status that Runicorn knows: %(status)s."), {"status": status})
    return None


def _stalled(evidence: Evidence) -> Sentence:
    values = {"since": evidence["since"], "interval": evidence.get("interval", 0.0)}
    if line := evidence.get("last_line"):
        text = _("No step since %(since)s; usually one every %(interval)s. Last log line: %(line)s")
        return Sentence(text, {**values, "line": line})
    return Sentence(_("No step since %(since)s; usually one every %(interval)s."), values)


def _out_of_memory(evidence: Evidence) -> Sentence:
    if count := evidence.get("oom_kills"):
        text = _("Out of memory: the kernel killed it (oom_kill of its cgroup rose by %(count)s).")
        return Sentence(text, {"count": count})
    if line := evidence.get("kernel_log"):
        return Sentence(_("Out of memory: the kernel killed it. Kernel log: %(line)s"), {"line": line})
    return Sentence(_("Out of memory: the kernel killed it."))


def _scheduled(state: State, evidence: Evidence) -> Sentence:
    values = {"scheduler": evidence.get("scheduler", "SLURM"), "job": evidence.get("job_id", "?")}
    if state is State.PREEMPTED:
        return Sentence(_("%(scheduler)s preempted job %(job)s."), values)
    return Sentence(_("%(scheduler)s job %(job)s reached its time limit."), values)


def _exit(reason: str, status: str) -> Sentence:
    if reason in EXITS:
        return Sentence(EXITS[reason])
    if names_signal(reason):
        return Sentence(_("Ended by signal %(name)s."), {"name": reason})
    if match := re.fullmatch(_CODE, reason):
        return Sentence(_("The script exited with code %(code)s."), {"code": match[1]})
    if match := re.fullmatch(_TEXT, reason):
        return Sentence(_("The script exited: %(text)s"), {"text": match[1]})
    match = re.fullmatch(_EXCEPTION, reason)
    if status == layout.FAILED and match and match[1][0].isupper():
        error = f"{match[1]}: {match[2]}" if match[2] else match[1]
        return Sentence(_("Failed: %(error)s"), {"error": error})
    return Sentence(_("Exit reason: %(reason)s"), {"reason": reason})


def fields(change: StateChange) -> dict[str, Any]:
    """Return the fields of `status.json` that describe a state."""
    content: dict[str, Any] = {"status": change.status, STATE: change.state.value}
    content |= {"exit_reason": change.exit_reason} if change.exit_reason else {}
    content |= {EVIDENCE: dict(change.evidence)} if change.evidence else {}
    sentence = describe(content)[1]
    return content | ({STATE_REASON: str(sentence)} if sentence else {})
