"""The recycle bin as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runs.models import Run, StorageRoot
from runs.query import counts

SIZE = 100


def outcome(query: Mapping[str, str]) -> dict[str, int]:
    """How many runs were restored, removed or left by what was done last, as the address tells."""
    told = {word: query.get(word, "") for word in ("restored", "removed", "left")}
    return {word: int(n) for word, n in told.items() if n.isascii() and n.isdigit() and len(n) < 10}


@dataclass(frozen=True, slots=True)
class BinPage:
    """A page of the recycle bin, with the fields that the line below the table needs."""

    runs: list[Run]
    first: int
    last: int
    total: int
    previous: str
    next: str
    capped: bool = False

    @classmethod
    def read(cls, root: StorageRoot, asked: str) -> BinPage:
        """Page `asked` (1 for what is no number) of the deleted runs, the last deleted first."""
        number = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
        before = (number - 1) * SIZE
        deleted = Run.objects.in_root(root).exclude(deleted=None)
        runs = list(deleted.order_by("-deleted", "-id")[before : before + SIZE + 1])
        return cls(
            runs=runs[:SIZE],
            first=before + 1,
            last=before + len(runs[:SIZE]),
            total=counts.total(root, deleted),
            previous=f"/recycle-bin?page={number - 1}" if number > 1 else "",
            next=f"/recycle-bin?page={number + 1}" if len(runs) > SIZE else "",
        )
