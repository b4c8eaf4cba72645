"""Verdicts in words."""

from __future__ import annotations

import math

from runicorn.message import Message, gettext_noop
from runicorn_tools.analysis.result import Verdict

DECIDED = {
    ("better", False): gettext_noop("better by {amount}"),
    ("worse", False): gettext_noop("worse by {amount}"),
    ("better", True): gettext_noop("narrowly better by {amount}"),
    ("worse", True): gettext_noop("narrowly worse by {amount}"),
}
ASSUMED = {
    "min": gettext_noop("{verdict}, if less is better?"),
    "max": gettext_noop("{verdict}, if more is better?"),
}

LONGEST = 1e15
"""Numbers from here on are written with an exponent."""


def sentence(verdict: Verdict) -> Message:
    """Return a verdict as one short sentence without a full stop."""
    if not verdict.n_a or not verdict.n_b:
        return Message("no values to compare")
    if verdict.interval is None:
        return _without_noise(verdict)
    if verdict.verdict == "within_noise":
        return _within_noise(verdict)
    low, high = verdict.interval
    amount = _amount(verdict, high / 2 - low / 2)
    if verdict.goal == "unknown":
        is_higher = (verdict.difference or 0) > 0
        text = (
            Message("higher by {amount}", amount=amount)
            if is_higher
            else Message("lower by {amount}", amount=amount)
        )
        return Message(
            "{verdict} ({seeds}); which direction is better is unknown", verdict=text, seeds=_seeds(verdict)
        )
    text = Message(DECIDED[verdict.verdict, low <= 0 <= high], amount=amount)
    text = Message("{verdict} ({seeds})", verdict=text, seeds=_seeds(verdict))
    return Message(ASSUMED[verdict.goal], verdict=text) if verdict.goal_assumed else text


def _without_noise(verdict: Verdict) -> Message:
    if verdict.difference is None:
        return Message("values too large to compare")
    if verdict.n_a == verdict.n_b == 1:
        return Message("one run each, noise unknown")
    return Message("the runs of each group are equal, noise unknown")


def _within_noise(verdict: Verdict) -> Message:
    if not verdict.difference:
        return Message("no difference ({seeds})", seeds=_seeds(verdict))
    if verdict.seeds_to_decide is None:
        return Message("within noise ({seeds})", seeds=_seeds(verdict))
    if verdict.seeds_to_decide == 1:
        return Message("within noise; 1 more seed each would decide")
    return Message("within noise; {count} more seeds each would decide", count=verdict.seeds_to_decide)


def _seeds(verdict: Verdict) -> Message:
    if verdict.n_a == verdict.n_b == 1:
        return Message("one run each")
    return Message("{a} and {b} seeds", a=verdict.n_a, b=verdict.n_b)


def _amount(verdict: Verdict, half: float) -> str:
    """Return the size of the difference with half of its interval: `0.8 % ± 0.5`, in percent of the baseline if it is not 0."""
    size, unit = abs(verdict.difference or 0.0), ""
    if verdict.relative is not None and math.isfinite(verdict.relative) and size:
        scale = 100 * abs(verdict.relative) / size
        # Percentages of a baseline near zero are unreadable.
        if size * scale < 1000 and math.isfinite(half * scale):
            size, half, unit = size * scale, half * scale, " %"
    digits = _digits(half) if half else 4
    return f"{_rounded(size, digits)}{unit} ± {_rounded(half, digits)}"


def _digits(half: float) -> int:
    """Return the decimal places with which half an interval has one or two significant digits."""
    return 1 - math.floor(math.log10(half)) if half < 1 else int(half < 10)


def _rounded(value: float, digits: int) -> str:
    return f"{value:.3g}" if not 0 <= digits <= 6 or value >= LONGEST else f"{value:.{digits}f}"
