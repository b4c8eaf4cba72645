"""Template tags for the aliases and tags of a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from django import template

register = template.Library()
IN_A_ROW = 3
ON_A_PAGE = 12
Mark = tuple[str, bool]
"""A word, and whether it is an alias."""


class Marks(TypedDict):
    marks: list[Mark]
    rest: list[Mark]
    kind: NotRequired[str]


@register.inclusion_tag("artifacts/_marks.html")
def marks(aliases: Sequence[str], tags: Sequence[str] = ()) -> Marks:
    """Render the first few in a row of a table, aliases before tags, and the number of the others."""
    return _cut(aliases, tags, IN_A_ROW)


@register.inclusion_tag("artifacts/_all_marks.html")
def all_marks(aliases: Sequence[str], tags: Sequence[str], kind: str) -> Marks:
    """Render the type, aliases and tags on the page of a version; those beyond `ON_A_PAGE` are collapsed."""
    return {**_cut(aliases, tags, ON_A_PAGE), "kind": kind}


def _cut(aliases: Sequence[str], tags: Sequence[str], limit: int) -> Marks:
    every = [(str(word), True) for word in aliases] + [(str(word), False) for word in tags]
    return {"marks": every[:limit], "rest": every[limit:]}
