"""Paginators of lists: Django's, with a count that is given, and with the addresses of the neighbouring pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core import paginator

LARGEST_PAGE = 1_000_000


def page_number(value: float | str | None) -> int:
    """Return the page number of a query string, or 1 if it is missing or malformed."""
    text = str(value)
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return min(LARGEST_PAGE, max(1, int(text))) if is_number else 1


class Page(paginator.Page[Any]):
    """One page; an empty one has the indexes 0–0."""

    paginator: Paginator

    def start_index(self) -> int:
        """Return the place of the first item in the list, from 1 on."""
        return (self.number - 1) * self.paginator.per_page + 1 if self.object_list else 0

    def end_index(self) -> int:
        """Return the place of the last item in the list, from 1 on."""
        return self.start_index() + len(self.object_list) - 1 if self.object_list else 0

    @property
    def previous_address(self) -> str:
        return self.paginator.address(self.number - 1) if self.has_previous() else ""

    @property
    def next_address(self) -> str:
        return self.paginator.address(self.number + 1) if self.has_next() else ""


class Paginator(paginator.Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Pages of a list whose length is known; a number beyond the end gives the last page."""

    def __init__(self, items: Any, per_page: int, *, count: int, address: Callable[[int], str]) -> None:
        """Initialize.

        Args:
            items: a queryset or list, which is sliced.
            count: of all items.
            address: returns the address of a page by its number.
        """
        super().__init__(items, per_page)
        self.count = count
        self.address = address

    def get_page(self, number: float | str | None) -> Page:
        """Return page `number`, the first one if it is malformed, or the last one if there are fewer."""
        number = min(page_number(number), self.num_pages)
        first = (number - 1) * self.per_page
        return Page(list(self.object_list[first : first + self.per_page]), number, self)


class OpenPage(Page):
    """A page that knows whether another one follows, whatever the count says."""

    def __init__(self, items: Iterable[Any], number: int, paginator: OpenPaginator) -> None:
        """Initialize with the items of the page, and with one more if another page follows."""
        fetched = list(items)
        super().__init__(fetched[: paginator.per_page], number, paginator)
        self._has_next = len(fetched) > paginator.per_page

    def has_next(self) -> bool:
        return self._has_next


class OpenPaginator(Paginator):
    """Pages of a list whose count is a lower bound or seconds old; a page beyond the end is empty."""

    def __init__(self, *args: Any, is_capped: bool = False, **kwargs: Any) -> None:
        """Initialize; `is_capped` says that there are more items than `count`."""
        super().__init__(*args, **kwargs)
        self.is_capped = is_capped

    def get_page(self, number: float | str | None) -> OpenPage:
        """Return page `number`, or the first one if it is malformed."""
        number = page_number(number)
        first = (number - 1) * self.per_page
        return OpenPage(self.object_list[first : first + self.per_page + 1], number, self)
