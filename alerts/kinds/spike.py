"""Rule kind `spike`: a value far from the previous ones, by its z-score within a window."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds.base import Condition, ConditionChange, Kind, Memory, SeriesChunk, number, value_at, where
from metrics.store.columns import Floats
from runs.store.lazy_numpy import np

WINDOW = 50
FEWEST = 10
"""Minimum number of values in a window; fewer have no meaningful spread."""
Z = 5.0
CALM = 10
"""Usual values in a row after which a spike is over."""
FIRED = gettext_noop("%(metric)s spikes: %(value)s at step %(step)s, %(z)s standard deviations off")
RECOVERED = gettext_noop("Back to normal: %(metric)s is %(value)s at step %(step)s")


def judge(when: Condition, chunk: SeriesChunk, memory: Memory) -> tuple[list[ConditionChange], Memory]:
    """Find values far from the `points` before them; values that are not finite count as missing."""
    size, limit = when.points or WINDOW, when.z or Z
    state, window = memory[:2] or [0.0, 0.0], memory[2:]
    finite_at = np.flatnonzero(chunk.finite)
    values = chunk.value if chunk.all_finite else chunk.value[finite_at]
    if not len(values):
        return [], memory
    key = ("scores", size, tuple(window))
    scores, low, high = chunk.shared(key, lambda: _with_bounds(_scores(np.array(window), values, size)))
    is_open, calm = bool(state[0]), int(state[1])
    recent = values[-size:] if len(values) >= size else np.append(window, values)[-size:]
    if not is_open and -limit <= low and high <= limit:
        return [], [0.0, float(calm + len(values)), *recent.tolist()]
    far = {">": scores > limit, "<": scores < -limit}.get(when.op[:1], np.abs(scores) > limit)
    changes: list[ConditionChange] = []
    hits = np.flatnonzero(far)
    if len(hits) and not is_open:
        at = int(finite_at[hits[0]])
        details = {"z": number(round(float(scores[hits[0]]), 1))}
        changes.append(_change(True, chunk, at, details))
    since = len(values) - 1 - int(hits[-1]) if len(hits) else calm + len(values)
    is_open = is_open or bool(len(hits))
    if is_open and since >= CALM:
        before = int(hits[-1]) + CALM if len(hits) else max(0, CALM - calm - 1)
        changes.append(_change(False, chunk, int(finite_at[before]), {}))
        is_open, since = False, 0
    return changes, [float(is_open), float(since), *recent.tolist()]


def _change(began: bool, chunk: SeriesChunk, at: int, more: dict[str, str]) -> ConditionChange:
    text = FIRED if began else RECOVERED
    return ConditionChange(began, float(chunk.time[at]), text, where(chunk, at) | more, value_at(chunk, at))


def _with_bounds(scores: Floats) -> tuple[Floats, float, float]:
    return scores, float(scores.min()), float(scores.max())


def _scores(window: Floats, values: Floats, size: int) -> Floats:
    """Return the z-score of each value within the `size` values before it; 0 where these are too few or all equal."""
    samples = np.concatenate([window, values])
    # Sums of squares of values far from 0 lose all digits.
    samples = samples - samples[0]
    sums, squares = np.cumsum(np.append(0.0, samples)), np.cumsum(np.append(0.0, samples * samples))
    stops = np.arange(len(window), len(samples))
    starts = np.maximum(stops - size, 0)
    count = stops - starts
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = (sums[stops] - sums[starts]) / count
        spread = np.sqrt(np.maximum((squares[stops] - squares[starts]) / count - mean * mean, 0.0))
        scores = (samples[stops] - mean) / spread
        noise = spread <= 1e-9 * (np.abs(mean) + np.abs(samples[stops]))
    usable_scores: Floats = np.where((count < min(FEWEST, size)) | noise | ~np.isfinite(scores), 0.0, scores)
    return usable_scores


KIND = Kind("spike", required=("metric",), optional=("z", "points", "op"), lane="metric", judge=judge)
