"""Parameters that a tracker stores as texts."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def parse_parameter(text: str) -> Any:
    """Parse a parameter as a number or a boolean if its text is unambiguous; otherwise return it unchanged.

    Trackers store parameters as texts: "3.10" may be a version and "007" a name, but "0.1" is a number.
    """
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text and math.isfinite(value):
            return value
    return text
