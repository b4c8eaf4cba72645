"""Pages of lists that may be long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LARGEST = 1_000_000


def page_number(text: str) -> int:
    """The number of a page as an address has it; 1 for what is none."""
    return min(LARGEST, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 1


class Paged:
    """One page of a list, with what the line below it needs.

    Attributes:
        rows: of this page.
        first, last: their places in the list, from 1 on.
        total: how many there are on all pages.
        previous, next: addresses, "" where there is none.
    """

    def __init__(self, items: Any, total: int, number: int, size: int, address: Callable[[int], str]) -> None:
        """Take one page.

        Args:
            items: can be sliced: a query set or a list.
            total: how many there are.
            number: of the page; the last one for what is beyond it.
            size: of a page.
            address: of a page by its number.
        """
        pages = max(1, -(-total // size))
        number = min(number, pages)
        before = (number - 1) * size
        self.rows = list(items[before : before + size])
        self.first, self.last, self.total = before + 1, before + len(self.rows), total
        self.previous = address(number - 1) if number > 1 else ""
        self.next = address(number + 1) if number < pages else ""

    @property
    def is_cut(self) -> bool:
        """Whether there are further pages."""
        return bool(self.previous or self.next)
