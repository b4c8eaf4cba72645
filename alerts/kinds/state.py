"""Rule kind `state`: a run that enters a state."""

from __future__ import annotations

import time

from django.utils.translation import gettext_noop

from alerts.kinds.base import ConditionChange, Kind, number
from runicorn.store.state import State
from runicorn.store.state.reasons import SPANS, TIMES, explain, span
from runs.models import Run

FIRED = gettext_noop("The run is now %(state)s")
RECOVERED = gettext_noop("Back to normal: the run is %(state)s")


def entered(run: Run, at: float) -> ConditionChange:
    """Return the change of a run that is now in one of the states of a rule, with the reason."""
    sentence = explain(State(run.state), run.status, run.exit_reason, run.evidence)
    if sentence is None:
        return ConditionChange(True, at, FIRED, {"state": run.state.replace("_", " ")})
    details = {name: _display_value(name, value) for name, value in sentence.values.items()}
    # Without a detail the text would not be filled, and a doubled percent sign stay.
    return ConditionChange(True, at, sentence.template, details | {"run": run.run_id})


def ended(run: Run, at: float) -> ConditionChange:
    return ConditionChange(False, at, RECOVERED, {"state": run.state.replace("_", " ")})


def _display_value(name: str, value: object) -> str:
    if isinstance(value, int | float):
        if name in TIMES:
            return time.strftime("%H:%M", time.localtime(value))
        return span(value) if name in SPANS else number(value)
    return str(value)


KIND = Kind("state", required=("states",))
