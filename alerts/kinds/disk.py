"""Rule kind `disk`: little free space on the disk of the storage root."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from alerts.kinds.base import Condition, ConditionChange, Kind, number

GB = 1e9
SLACK = 1.05
"""More than the limit by this factor is enough again: a disk at its limit would fire again and again."""
FIRED = gettext_noop("The disk of the store has %(free)s GB left, less than %(limit)s GB")
RECOVERED = gettext_noop("Back to normal: the disk of the store has %(free)s GB left")


def judge(when: Condition, free: float, is_open: bool, at: float) -> ConditionChange | None:
    """Return the change that `free` bytes are for a rule, if any."""
    assert when.value is not None
    limit = when.value * GB
    low = free < limit * (SLACK if is_open else 1.0)
    if low == is_open:
        return None
    details = {"free": number(round(free / GB, 2)), "limit": number(when.value)}
    return ConditionChange(low, at, FIRED if low else RECOVERED, details, free / GB)


KIND = Kind("disk", required=("value",))
