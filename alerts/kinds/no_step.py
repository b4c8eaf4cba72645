"""Rule kind `no_step`: a running run without a step for some minutes."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds.base import Condition, ConditionChange, Kind, number

FIRED = gettext_noop("No step for %(minutes)s minutes; the last one is %(step)s")
NEVER = gettext_noop("No step for %(minutes)s minutes, since the run started")
RECOVERED = gettext_noop("Back to normal: step %(step)s was logged")
ENDED = gettext_noop("The run ended")


def holds(when: Condition, seconds: float) -> bool:
    """Return whether `seconds` seconds without a step are too many."""
    assert when.minutes is not None
    return seconds >= when.minutes * 60


def began(seconds: float, step: int | None, at: float) -> ConditionChange:
    """Return the change of a run that has logged no step for `seconds` seconds."""
    details = {"minutes": number(round(seconds / 60, 1)), "step": "" if step is None else f"{step:,}"}
    return ConditionChange(True, at, NEVER if step is None else FIRED, details)


def ended(step: int | None, at: float) -> ConditionChange:
    """Return the change of a run that has logged a step again, or ended."""
    return ConditionChange(False, at, ENDED if step is None else RECOVERED, {"step": f"{step or 0:,}"})


KIND = Kind("no_step", required=("minutes",))
