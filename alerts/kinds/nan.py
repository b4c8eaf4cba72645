"""Rule kind `nan`: a metric that is NaN or infinite."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds import streaks
from alerts.kinds.base import Condition, ConditionChange, Kind, Memory, SeriesChunk, value_at, where

FIRED = gettext_noop("%(metric)s is %(value)s at step %(step)s")
RECOVERED = gettext_noop("Back to normal: %(metric)s is finite again (%(value)s) at step %(step)s")


def judge(when: Condition, chunk: SeriesChunk, memory: Memory) -> tuple[list[ConditionChange], Memory]:
    """Find where values cease and begin to be finite."""
    if chunk.all_finite and streaks.is_idle(memory):
        return [], memory
    streak_ends, memory = streaks.changes(~chunk.finite, 1, memory)
    return [
        ConditionChange(
            began,
            float(chunk.time[at]),
            FIRED if began else RECOVERED,
            where(chunk, at),
            value_at(chunk, at),
        )
        for began, at in streak_ends
    ], memory


KIND = Kind("nan", optional=("metric",), lane="metric", judge=judge)
