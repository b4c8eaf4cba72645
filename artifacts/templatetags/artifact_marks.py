"""The aliases and tags of a version, as many as a row or a line has room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

register = template.Library()
IN_A_ROW = 3
ON_A_PAGE = 12


@register.inclusion_tag("artifacts/_marks.html")
def marks(aliases: Sequence[str], tags: Sequence[str] = ()) -> dict[str, Any]:
    """The first few in a row of a table, aliases before tags, and how many more there are."""
    return _cut(aliases, tags, IN_A_ROW)


@register.inclusion_tag("artifacts/_all_marks.html")
def all_marks(aliases: Sequence[str], tags: Sequence[str], kind: str) -> dict[str, Any]:
    """The type and all of them on the page of the version; those beyond a line or two are unfolded."""
    return _cut(aliases, tags, ON_A_PAGE) | {"kind": kind}


def _cut(aliases: Sequence[str], tags: Sequence[str], most: int) -> dict[str, Any]:
    every = [(str(word), True) for word in aliases] + [(str(word), False) for word in tags]
    return {"marks": every[:most], "rest": every[most:]}
