"""Conversion of terminal output that redraws its last lines into lines of a log.

A line without tricks is a line of the log as soon as its newline comes. A progress bar draws over its line again and
again (carriage return), several bars draw over several lines (newline and cursor up): their rows are kept here, the
log gets each as it was left, and now and then a snapshot. How the text was cut into writes makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ROWS = 64
"""Rows that a program can draw over at once; more are written as they come."""
ABOVE = 8
"""Rows kept above the cursor; when there are more, the first is done."""
LENGTH = 65536
"""Characters after which a line is cut, so that one without an end is not kept for ever."""

# A sequence is a few characters long; what only looks like the beginning of one must not be waited for.
_SEQUENCE = r"\x1b\[([0-?]{0,32})[ -/]{0,2}([@-~])"
_TOKEN = re.compile(rf"{_SEQUENCE}|[\n\r\b]|[^\n\r\b\x1b]+|\x1b")
_HALF_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,2})?\Z")
_LAST_CHARACTER = re.compile(r".(?:\x1b\[[0-?]{0,32}m)*\Z", re.DOTALL)


class _Row:
    """A row that is not in the log yet.

    Attributes:
        text: what stands in it.
        back: the cursor is at its beginning; what is written next replaces the text.
        drawn: it was drawn over; else it is a plain line.
        part: the cursor has come up to it: it belongs to a block of rows that are redrawn together.
        shown: the text that the log has of it.
    """

    __slots__ = ("back", "drawn", "part", "shown", "text")

    def __init__(self, part: bool = False) -> None:
        self.text = ""
        self.back = False
        self.drawn = part
        self.part = part
        self.shown: str | None = None

    def news(self) -> list[str]:
        """The text, if the log has another or none; then it has this."""
        text = self.text.rstrip() if self.drawn else self.text
        if self.drawn and (not text or text == self.shown):
            return []
        self.shown = text
        return [text]


class Screen:
    """Takes what is written to one stream; gives the lines that are done."""

    def __init__(self) -> None:
        self._rows = [_Row()]
        self._at = 0
        self._half = ""

    def feed(self, text: str) -> list[str]:
        """The lines that are complete now that `text` was written."""
        text = self._half + text
        half = _HALF_SEQUENCE.search(text[-48:])
        self._half = half[0] if half else ""
        lines: list[str] = []
        for token in _TOKEN.finditer(text, 0, len(text) - len(self._half)):
            lines += self._apply(token)
        return lines

    def is_busy(self) -> bool:
        """Whether rows are held back that are not just the beginning of a plain line."""
        return len(self._rows) > 1 or self._rows[0].drawn

    def settle(self) -> list[str]:
        """The rows above the cursor that were not redrawn: they are complete when the output pauses."""
        done = next((n for n in range(self._at) if self._rows[n].part), self._at)
        return self._drop(done)

    def snapshot(self) -> list[str]:
        """The rows being redrawn as they are now, where they changed since the last time."""
        return [line for row in self._rows if row.drawn for line in row.news()]

    def flush(self) -> list[str]:
        """All that is left; nothing is held back afterwards."""
        lines = self._write(self._half) if self._half else []
        last = self._rows[-1]
        lines += self._drop(len(self._rows) - 1) + (last.news() if last.text else [])
        self._rows, self._at, self._half = [_Row()], 0, ""
        return lines

    def _apply(self, token: re.Match[str]) -> list[str]:
        piece = token[0]
        if piece == "\n":
            return self._newline()
        if piece == "\r":
            self._rows[self._at].back = True
        elif piece == "\b":
            self._backspace(self._rows[self._at])
        elif token[2] is not None and token[2] != "m":
            self._control(token[1], token[2])
        else:
            return self._write(piece)
        return []

    def _write(self, piece: str) -> list[str]:
        row, lines = self._rows[self._at], []
        if row.back:
            row.text, row.back, row.drawn = "", False, True
        elif not row.text and not row.drawn:
            # A line begins that draws over nothing: what stands above is done, but a block of rows may be growing.
            lines += self.settle()
        row.text += piece
        while len(row.text) > LENGTH:
            lines.append(row.text[:LENGTH])
            row.text = row.text[LENGTH:]
        return lines

    def _newline(self) -> list[str]:
        row = self._rows[self._at]
        row.back = False
        self._at += 1
        if self._at == len(self._rows):
            self._rows.append(_Row())
        else:
            self._rows[self._at].back = True
        if not row.drawn:
            return self._drop(self._at)
        return self._drop(max(0, self._at - (ROWS if self._rows[0].part else ABOVE)))

    def _backspace(self, row: _Row) -> None:
        row.text = _LAST_CHARACTER.sub("", row.text)
        row.drawn = True

    def _control(self, parameters: str, kind: str) -> None:
        count = int(parameters) if parameters.isdecimal() else 0
        row = self._rows[self._at]
        if kind == "A":
            self._up(max(1, count))
        elif kind == "B":
            self._at = min(self._at + max(1, count), len(self._rows) - 1)
        elif kind == "G" and count < 2:
            row.back = True
        elif kind in "JK" and (count == 2 or row.back):
            row.text, row.drawn = "", True
        if kind == "J":
            del self._rows[self._at + 1 :]

    def _up(self, count: int) -> None:
        # Rows that the log has already are drawn over as well: new ones stand for them.
        missing = min(count - self._at, ROWS - len(self._rows))
        if missing > 0:
            self._rows[:0] = [_Row(part=True) for _ in range(missing)]
            self._at += missing
        self._at = max(0, self._at - count)
        for row in self._rows[self._at :]:
            row.drawn = row.part = True

    def _drop(self, count: int) -> list[str]:
        """Take the first rows out, as lines."""
        lines = _lines_of(self._rows[:count])
        del self._rows[:count]
        self._at -= count
        return lines


def _lines_of(rows: Iterable[_Row]) -> list[str]:
    return [line for row in rows for line in row.news()]
