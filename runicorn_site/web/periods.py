"""Periods until a token or a link ends, as users write them."""

from __future__ import annotations

import re

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PERIOD = re.compile(r"([1-9][0-9]{0,5})([mhdw])")


class InvalidToken(ValueError):
    """A token that cannot be added; the text says why."""


def seconds_of(period: str) -> float:
    """Return the seconds of a period such as `90m`, `12h`, `30d` or `4w`.

    Raises:
        InvalidToken: it has another form.
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise InvalidToken(f"{period!r} is no period: write a number and m, h, d or w, as in 30d")
    return float(match[1]) * _SECONDS[match[2]]
