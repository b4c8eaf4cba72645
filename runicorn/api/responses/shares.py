"""Responses about shared links. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from runicorn.newer_python import NotRequired

Kind = Literal["run", "compare", "board", "report"]


class Share(TypedDict):
    """A link to one page, read-only and without a login."""

    id: str
    kind: Kind
    target: Annotated[str, "Id of a run, ids separated by commas, or `project/board`."]
    url: str
    created_at: float
    expires_at: NotRequired[Annotated[float, "Absent for a link that does not expire."]]
    author: NotRequired[Annotated[str, "User who created it; absent without users."]]


class RevokedShare(TypedDict):
    """A link that was revoked."""

    ok: bool
