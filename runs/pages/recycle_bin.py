"""The page of the recycle bin."""

from __future__ import annotations

from collections.abc import Mapping

from runicorn_site.web.paginator import Page, Paginator
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.query.matches import Matches

SIZE = 100


def outcome(query: Mapping[str, str]) -> dict[str, int]:
    """How many runs were restored, removed or left by what was done last, as the address tells."""
    told = {word: query.get(word, "") for word in ("restored", "removed", "left")}
    return {word: int(n) for word, n in told.items() if n.isascii() and n.isdigit() and len(n) < 10}


def deleted_runs(root: StorageRoot, number: str) -> Page:
    """Return a page of the deleted runs, the last deleted first."""
    deleted = Run.objects.in_root(root).exclude(deleted=None)
    return Paginator(
        deleted.order_by("-deleted", "-id"),
        SIZE,
        count=counts.total(Matches(root, deleted)),
        address=lambda other: f"/recycle-bin?page={other}",
    ).get_page(number)
