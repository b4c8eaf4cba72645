"""Pages of long lists."""

from __future__ import annotations

import pytest

from runicorn_site.web.paginator import OpenPaginator, Paginator, page_number


def address(number: int) -> str:
    return f"/list?page={number}"


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("", 1), (None, 1), ("0", 1), ("-3", 1), ("x", 1), ("٣", 1), ("9" * 99, 1)]
)
def test_a_malformed_page_number_means_the_first_page(text: str | None, number: int) -> None:
    assert page_number(text) == number


def test_a_page_names_its_place_and_its_neighbours() -> None:
    page = Paginator(list("abcdefg"), 3, count=7, address=address).get_page(2)
    assert (list(page), page.start_index(), page.end_index()) == (["d", "e", "f"], 4, 6)
    assert (page.previous_address, page.next_address) == ("/list?page=1", "/list?page=3")


def test_a_number_beyond_the_end_gives_the_last_page() -> None:
    page = Paginator(list("abcdefg"), 3, count=7, address=address).get_page(99)
    assert (list(page), page.number, page.next_address) == (["g"], 3, "")


def test_an_empty_list_has_one_empty_page() -> None:
    page = Paginator([], 3, count=0, address=address).get_page(5)
    assert (list(page), page.start_index(), page.end_index(), page.has_other_pages()) == ([], 0, 0, False)


def test_pages_beyond_a_capped_count_are_reached() -> None:
    paginator = OpenPaginator(list("abcdefg"), 3, count=2, is_capped=True, address=address)
    assert paginator.get_page(1).next_address == "/list?page=2"
    last = paginator.get_page(3)
    assert (list(last), last.end_index(), last.has_next(), last.has_previous()) == (["g"], 7, False, True)
    assert list(paginator.get_page(4)) == []
