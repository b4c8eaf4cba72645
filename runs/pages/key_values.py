"""Nested values as lines that users can read, search and copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from runs.store import params

MOST = 2000
LONGEST = 4000
TALL = 300
LINES = 8
WIDE = 48


@dataclass(frozen=True, slots=True)
class Pair:
    key: str
    text: str

    @property
    def group(self) -> str:
        """Key up to its last dot, shared with neighbouring lines."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.key[len(self.group) :]

    @property
    def is_wide(self) -> bool:
        """Whether its key is shown on a separate line."""
        return len(self.key) > WIDE

    @property
    def is_long(self) -> bool:
        """Whether its text is shown in a separate window."""
        return len(self.text) > TALL or self.text.count("\n") > LINES


class Pairs(list[Pair]):
    """Lines of a value, and the value itself for copying."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__()
        self.value = value
        for pair in leaves(value):
            if len(self) == MOST:
                self.append(
                    Pair(
                        "…", gettext("Only the first %(n)d values are shown; the file has all.") % {"n": MOST}
                    )
                )
                return
            self.append(pair)

    @property
    def json(self) -> str:
        return json.dumps(self.value, ensure_ascii=False, indent=2)


def leaves(value: dict[str, Any]) -> Iterator[Pair]:
    """Yield the scalar values inside `value` with their dotted keys."""
    return (Pair(key, _text(leaf)) for key, leaf in params.leaves(value, ""))


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = "\n".join(value)
    elif isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False)
    return (
        text
        if len(text) <= LONGEST
        else gettext("%(text)s … (%(n)s characters)")
        % {
            "text": text[:LONGEST],
            "n": f"{len(text):,}",
        }
    )
