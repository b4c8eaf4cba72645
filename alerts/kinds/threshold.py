"""Rule kind `threshold`: a metric above or below a value for some points."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds import streaks
from alerts.kinds.base import Condition, ConditionChange, Kind, Memory, SeriesChunk, number, value_at, where
from runicorn.alerts.evaluation import OPERATORS

FIRED = gettext_noop("%(metric)s %(op)s %(limit)s: %(value)s at step %(step)s")
RECOVERED = gettext_noop(
    "Back to normal: %(metric)s is %(value)s at step %(step)s, no longer %(op)s %(limit)s"
)


def judge(when: Condition, chunk: SeriesChunk, memory: Memory) -> tuple[list[ConditionChange], Memory]:
    """Find where the value crosses the threshold; NaN is on neither side."""
    assert when.value is not None
    crosses = OPERATORS[when.op]
    low, high = chunk.bounds
    extreme = high if when.op[0] == ">" else low
    # Most batches are on one side: their extreme decides. A comparison with NaN is false, so NaN is looked at.
    if streaks.is_idle(memory) and extreme == extreme and not crosses(extreme, when.value):
        return [], memory
    streak_ends, memory = streaks.changes(crosses(chunk.value, when.value), when.points or 1, memory)
    limit = {"op": when.op, "limit": number(when.value)}
    return [
        ConditionChange(
            began,
            float(chunk.time[at]),
            FIRED if began else RECOVERED,
            where(chunk, at) | limit,
            value_at(chunk, at),
        )
        for began, at in streak_ends
    ], memory


KIND = Kind("threshold", required=("metric", "op", "value"), optional=("points",), lane="metric", judge=judge)
