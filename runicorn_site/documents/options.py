"""Options of a block: lines of `key: value` in a fenced code block."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

_LINE = re.compile(r"([A-Za-z_]+)[ \t]*:[ \t]*(.*)")
MOST_LINES = 50
LONGEST_NUMBER = 9


class BlockProblem(Exception):
    """A block cannot be shown; the text is a translated sentence in its place."""


class Options:
    """Values by key; each key that is asked for is known."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def text(self, key: str, default: str = "") -> str:
        return self._values.get(key, default)

    def texts(self, key: str) -> list[str]:
        """Return a list, separated by commas outside of quotes."""
        items = re.findall(r'\s*("[^"]*"|[^,]+)', self._values.get(key, ""))
        return [text for item in items if (text := item.strip().strip('"'))]

    def without(self, key: str) -> Options:
        """Return the options other than one."""
        return Options({other: value for other, value in self._values.items() if other != key})

    def number(self, key: str, default: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        text = self._values.get(key, "")
        if not text:
            return default
        if not text.isdecimal() or len(text) > LONGEST_NUMBER or not 0 < int(text) <= most:
            raise BlockProblem(_("{key} must be a number from 1 to {most}.").format(key=key, most=most))
        return int(text)

    def is_on(self, key: str) -> bool:
        return self._values.get(key, "").lower() in {"true", "yes", "on", "1"}


def parse(body: str, names: Iterable[str]) -> Options:
    """Return the options of a block; lines that begin with `#` are comments.

    Raises:
        BlockProblem: a line is malformed, or its key is unknown.
    """
    values: dict[str, str] = {}
    keys = sorted(names)
    for line in body.split("\n")[:MOST_LINES]:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise BlockProblem(
                _("“{line}” is not an option: write “key: value”.").format(line=line.strip()[:80])
            )
        key = match[1].lower()
        if key not in keys:
            raise BlockProblem(
                _("{key} is no option of this block: it has {keys}.").format(
                    key=key[:80], keys=", ".join(keys)
                )
            )
        values[key] = match[2].strip()
    return Options(values)
