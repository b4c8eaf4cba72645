"""Conversion of terminal output that redraws its last lines into lines of a log.

A plain line is logged at its newline. A progress bar redraws its line (carriage return), several bars redraw several lines
(newline and cursor up): their rows are buffered here, and the log gets the last state of each, and occasional snapshots.
The result does not depend on how the text is split into writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ROWS = 64
"""Maximum number of rows redrawn at once; further rows are logged as they come."""
ABOVE = 8
"""Maximum number of rows above the cursor; beyond it, the first one is complete."""
LENGTH = 65536
"""Length at which a line is split, so that a line without an end is not buffered forever."""

# A sequence is a few characters long; anything longer must not be waited for.
_SEQUENCE = r"\x1b\[([0-?]{0,32})[ -/]{0,2}([@-~])"
_TOKEN = re.compile(rf"{_SEQUENCE}|[\n\r\b]|[^\n\r\b\x1b]+|\x1b")
_HALF_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,2})?\Z")
_LAST_CHARACTER = re.compile(r".(?:\x1b\[[0-?]{0,32}m)*\Z", re.DOTALL)


class _Row:
    """A row that is not in the log yet.

    Attributes:
        back: the cursor is at its beginning; the next text replaces it.
        drawn: it was redrawn, so it is not a plain line.
        part: the cursor moved up to it: it belongs to a block of rows that are redrawn together.
        logged: the text last logged for it.
    """

    __slots__ = ("back", "drawn", "logged", "part", "text")

    def __init__(self, part: bool = False) -> None:
        self.text = ""
        self.back = False
        self.drawn = part
        self.part = part
        self.logged: str | None = None

    def news(self) -> list[str]:
        """Return the text if it differs from what was last logged, and mark it as logged."""
        text = self.text.rstrip() if self.drawn else self.text
        if self.drawn and (not text or text == self.logged):
            return []
        self.logged = text
        return [text]


class Screen:
    """Process the text written to one stream and return completed lines."""

    def __init__(self) -> None:
        self._rows = [_Row()]
        self._at = 0
        self._half = ""

    def feed(self, text: str) -> list[str]:
        text = self._half + text
        half = _HALF_SEQUENCE.search(text[-48:])
        self._half = half[0] if half else ""
        lines: list[str] = []
        for token in _TOKEN.finditer(text, 0, len(text) - len(self._half)):
            lines += self._apply(token)
        return lines

    def is_busy(self) -> bool:
        """Return whether rows are buffered other than the beginning of a plain line."""
        return len(self._rows) > 1 or self._rows[0].drawn

    def settle(self) -> list[str]:
        """Return the rows above the cursor that were not redrawn: they are complete when the output pauses."""
        count = next((n for n in range(self._at) if self._rows[n].part), self._at)
        return self._drop(count)

    def snapshot(self) -> list[str]:
        """Return the redrawn rows that changed since the last snapshot."""
        return [line for row in self._rows if row.drawn for line in row.news()]

    def flush(self) -> list[str]:
        """Return all buffered rows and clear the buffer."""
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
            # A new line that redraws nothing: the rows above are complete, except for a growing block of rows.
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
        # Logged rows can be redrawn as well: new rows replace them.
        missing = min(count - self._at, ROWS - len(self._rows))
        if missing > 0:
            self._rows[:0] = [_Row(part=True) for _ in range(missing)]
            self._at += missing
        self._at = max(0, self._at - count)
        for row in self._rows[self._at :]:
            row.drawn = row.part = True

    def _drop(self, count: int) -> list[str]:
        """Remove the first rows and return them as lines."""
        lines = _lines_of(self._rows[:count])
        del self._rows[:count]
        self._at -= count
        return lines


def _lines_of(rows: Iterable[_Row]) -> list[str]:
    return [line for row in rows for line in row.news()]
