"""A run enters a state."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from metrics.alerts.kinds.base import Change, Kind

FIRED = gettext_noop("The run is %(state)s")
REASON = gettext_noop("The run is %(state)s: %(reason)s")
RECOVERED = gettext_noop("Back to normal: the run is %(state)s")


def entered(state: str, reason: str | None, at: float) -> Change:
    """Return the change of a run that is now in one of the states of a rule."""
    details = {"state": state.replace("_", " "), "reason": (reason or "").rstrip(".")}
    return Change(True, at, REASON if details["reason"] else FIRED, details)


def left(state: str, at: float) -> Change:
    """Return the change of a run that has left the states of a rule."""
    return Change(False, at, RECOVERED, {"state": state.replace("_", " ")})


KIND = Kind("state", required=("states",))
