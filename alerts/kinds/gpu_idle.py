"""Rule kind `gpu_idle`: all GPUs of a run idle for some minutes, by its system metrics."""

from __future__ import annotations

import re

from django.utils.translation import gettext_noop

from alerts.kinds import streaks
from alerts.kinds.base import Condition, ConditionChange, Kind, Memory, SeriesChunk, number, value_at
from alerts.kinds.durations import since_last

BUSY_PERCENT = 5.0
SERIES = re.compile(r"system/gpu\d+_percent")
FIRED = gettext_noop("The GPUs have been idle for %(minutes)s minutes (at most %(limit)s %%)")
RECOVERED = gettext_noop("Back to normal: the GPUs are busy again (%(value)s %%)")


def judge(when: Condition, chunk: SeriesChunk, memory: Memory) -> tuple[list[ConditionChange], Memory]:
    """Find where the busiest GPU was last above `value` percent too long ago."""
    assert when.minutes is not None
    limit = BUSY_PERCENT if when.value is None else when.value
    state, last = memory[:3], memory[3] if memory else None
    times, last = since_last(chunk.value > limit, chunk.time, last)
    bad = times >= when.minutes * 60
    if not bad.any() and streaks.is_idle(state):
        return [], [*streaks.IDLE, last]
    streak_ends, state = streaks.changes(bad, 1, state)
    out = []
    for began, at in streak_ends:
        details = {
            "minutes": number(round(float(times[at]) / 60, 1)),
            "limit": number(limit),
            "value": number(float(chunk.value[at])),
        }
        text = FIRED if began else RECOVERED
        out.append(ConditionChange(began, float(chunk.time[at]), text, details, value_at(chunk, at)))
    return out, [*state, last]


KIND = Kind("gpu_idle", required=("minutes",), optional=("value",), lane="gpu", judge=judge)
