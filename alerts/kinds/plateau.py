"""Rule kind `plateau`: a metric without improvement for some steps or minutes."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds import streaks
from alerts.kinds.base import Condition, ConditionChange, Kind, Memory, SeriesChunk, number, value_at, where
from alerts.kinds.durations import since_last
from metrics.store.columns import Floats
from runs.store.lazy_numpy import np

STEPS = gettext_noop(
    "%(metric)s has not improved for %(lag)s steps: %(value)s at step %(step)s, best %(best)s"
)
MINUTES = gettext_noop(
    "%(metric)s has not improved for %(lag)s minutes: %(value)s at step %(step)s, best %(best)s"
)
RECOVERED = gettext_noop("Back to normal: %(metric)s improved to %(value)s at step %(step)s")


def judge(when: Condition, chunk: SeriesChunk, memory: Memory) -> tuple[list[ConditionChange], Memory]:
    """Find where the best value is too long ago. Less is better if `op` is `<`, else by the metric's mode."""
    less = when.op[0] == "<" if when.op else chunk.mode == "min"
    state = memory[:3]
    best, last_step, last_time = memory[3:] or [np.inf, np.nan, np.nan]
    key = ("plateau", less, best, last_step, last_time)
    steps, times, bests, last_step, last_time = chunk.shared(
        key, lambda: _distances(chunk, less, best, last_step, last_time)
    )
    bad = np.zeros(len(chunk), dtype=bool)
    if when.points is not None:
        bad |= steps >= when.points
    if when.minutes is not None:
        bad |= times >= when.minutes * 60
    memory = [float(bests[-1]), last_step, last_time]
    if not bad.any() and streaks.is_idle(state):
        return [], [*streaks.IDLE, *memory]
    streak_ends, state = streaks.changes(bad, 1, state)
    out = []
    for began, at in streak_ends:
        by_steps = when.points is not None and steps[at] >= when.points
        lag = number(float(steps[at] if by_steps else times[at] / 60))
        reached = float(bests[at + 1])
        details = where(chunk, at) | {"lag": lag, "best": number(reached if less else -reached)}
        text = (STEPS if by_steps else MINUTES) if began else RECOVERED
        out.append(ConditionChange(began, float(chunk.time[at]), text, details, value_at(chunk, at)))
    return out, [*state, *memory]


def _distances(
    chunk: SeriesChunk, less: bool, best: float, last_step: float, last_time: float
) -> tuple[Floats, Floats, Floats, float, float]:
    """Return how many steps and seconds ago each point had its best, the best values, and where the last one was."""
    values = np.where(chunk.finite, chunk.value if less else -chunk.value, np.inf)
    bests = np.minimum.accumulate(np.append(best, values))
    improved = values < bests[:-1]
    is_first = bool(np.isnan(last_step))
    steps, last_step = since_last(improved, chunk.step.astype(np.float64), None if is_first else last_step)
    times, last_time = since_last(improved, chunk.time, None if is_first else last_time)
    return steps, times, bests, last_step, last_time


KIND = Kind(
    "plateau",
    required=("metric",),
    either=("points", "minutes"),
    optional=("op",),
    lane="metric",
    judge=judge,
)
