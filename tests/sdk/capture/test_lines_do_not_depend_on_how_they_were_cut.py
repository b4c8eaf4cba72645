"""The lines that a text becomes are the same however it was cut into writes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runicorn.capture import terminal_lines
from runicorn.capture.terminal_lines import Screen

PIECES = st.sampled_from(
    [
        "a",
        "loss 0.5",
        " ",
        "é漢",
        "\n",
        "\r",
        "\r\n",
        "\b",
        "\x1b[A",
        "\x1b[2A",
        "\x1b[B",
        "\x1b[K",
        "\x1b[2K",
        "\x1b[J",
        "\x1b[G",
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[?25l",
        "\x1b",
        "\x1b[",
        "\x1b[3",
        "\x1b[" + "1" * 40,
        "\x1b]0;title\x07",
        "\x00",
        "\u2028",
        "\x0b",
        "\ud800",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join)


def _lines(parts: list[str]) -> list[str]:
    screen = Screen()
    return [line for part in parts for line in screen.feed(part)] + screen.flush()


@st.composite
def _cut(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = draw(TEXTS)
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))
    edges = [0, *places, len(text)]
    return text, [text[start:end] for start, end in pairwise(edges)]


@given(_cut())
def test_any_cut_gives_the_same_lines(cut: tuple[str, list[str]]) -> None:
    text, parts = cut
    assert _lines(parts) == _lines([text]) == _lines(list(text))


@given(st.lists(st.text(st.characters(blacklist_characters="\n\r\b\x1b"), max_size=30), max_size=20))
def test_plain_text_becomes_exactly_its_lines(lines: list[str]) -> None:
    assert _lines(["".join(f"{line}\n" for line in lines)]) == lines


@given(_cut(), st.lists(st.sampled_from(["settle", "snapshot", "flush"]), max_size=20))
def test_no_order_of_looks_breaks_it_and_nothing_is_held_back_for_ever(
    cut: tuple[str, list[str]], looks: list[str]
) -> None:
    screen = Screen()
    for n, part in enumerate(cut[1]):
        screen.feed(part)
        if n < len(looks):
            getattr(screen, looks[n])()
        assert 0 <= screen._at < len(screen._rows) <= terminal_lines.ROWS + terminal_lines.ABOVE + 2
    screen.flush()
    assert screen.flush() == [] and not screen.is_busy()


def test_a_line_without_end_is_cut_wherever_the_writes_were() -> None:
    text = "x" * (2 * terminal_lines.LENGTH + 5)
    lines = _lines([text])
    assert list(map(len, lines)) == [terminal_lines.LENGTH, terminal_lines.LENGTH, 5]
    assert _lines([text[:7], text[7 : terminal_lines.LENGTH + 1], text[terminal_lines.LENGTH + 1 :]]) == lines


def test_thousands_of_rows_are_not_kept() -> None:
    screen = Screen()
    lines = screen.feed("".join(f"\rbar {n}\n" for n in range(10_000)))
    assert len(screen._rows) <= terminal_lines.ROWS
    assert lines + screen.flush() == [f"bar {n}" for n in range(10_000)]
