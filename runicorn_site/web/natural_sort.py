"""Natural sort order of names: `layer_2` before `layer_10`. Pure; static/js/run/natural.js does the same."""

from __future__ import annotations

import re
from typing import Any

DIGITS = re.compile(r"([0-9]+)")


def natural(name: str) -> tuple[tuple[Any, ...], str]:
    """The sort key of a name: its texts and numbers in turn, and for names that count alike the name itself."""
    parts = DIGITS.split(name)
    # A number of any length: the longer one is larger once the zeros in front are gone.
    return tuple(_size(part) if i % 2 else part for i, part in enumerate(parts)), name


def _size(digits: str) -> tuple[int, str]:
    bare = digits.lstrip("0")
    return len(bare), bare
