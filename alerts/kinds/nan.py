"""Rule kind `nan`: a metric that is NaN or infinite."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds import streaks
from alerts.kinds.base import Change, Kind, Memory, Stretch, When, value_at, where

FIRED = gettext_noop("%(metric)s is %(value)s at step %(step)s")
RECOVERED = gettext_noop("Back to normal: %(metric)s is finite again (%(value)s) at step %(step)s")


def judge(when: When, stretch: Stretch, memory: Memory) -> tuple[list[Change], Memory]:
    """Find where values cease and begin to be finite."""
    if stretch.all_finite and streaks.is_idle(memory):
        return [], memory
    streak_ends, memory = streaks.changes(~stretch.finite, 1, memory)
    return [
        Change(
            began,
            float(stretch.time[at]),
            FIRED if began else RECOVERED,
            where(stretch, at),
            value_at(stretch, at),
        )
        for began, at in streak_ends
    ], memory


KIND = Kind("nan", optional=("metric",), lane="metric", judge=judge)
