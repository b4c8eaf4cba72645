"""Rule kind `samples`: the share of samples of the newest step for which a condition holds."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds.base import Condition, ConditionChange, Kind, number

FIRED = gettext_noop("%(share)s %% of the samples %(name)s at step %(step)s: %(condition)s")
RECOVERED = gettext_noop(
    "Back to normal: %(share)s %% of the samples %(name)s at step %(step)s: %(condition)s"
)
ENDED = gettext_noop("The run ended")


def holds(when: Condition, share: float) -> bool:
    """Return whether a share of samples, from 0 to 1, is too large."""
    assert when.value is not None
    return share * 100 > when.value


def change(when: Condition, name: str, step: int | None, share: float, at: float) -> ConditionChange:
    """Return the change of a run whose newest step has this share of samples."""
    details = {
        "share": number(round(share * 100, 1)),
        "name": name,
        "step": "–" if step is None else f"{step:,}",
        "condition": when.samples,
    }
    is_bad = holds(when, share)
    return ConditionChange(is_bad, at, FIRED if is_bad else RECOVERED, details, share * 100)


def ended(at: float) -> ConditionChange:
    """Return the end of an episode with its run."""
    return ConditionChange(False, at, ENDED, {})


KIND = Kind("samples", required=("samples", "value"), optional=("metric",))
