"""Search in the texts of samples: all words, in any order; a phrase in quotation marks as it is."""

from __future__ import annotations

import re
from typing import Any

from samples.store.fields import texts_of
from samples.store.words import bits_of, plain

_TERM = re.compile(r'"([^"]*)"|(\S+)')
MOST_WORDS = 32


class Search:
    """Words and phrases, compared without case and punctuation.

    Attributes:
        bits: bits that the signature of every match has.
    """

    def __init__(self, text: str) -> None:
        terms = [match[1] if match[1] is not None else match[2] for match in _TERM.finditer(text)]
        phrases = [plain(term).split() for term in terms]
        self._phrases = [b" " + b" ".join(words) + b" " for words in phrases if words]
        words = list(dict.fromkeys(word for words in phrases for word in words))[:MOST_WORDS]
        self.bits = [bit for word in words for bit in bits_of(word)]
        # A line has these bytes as they are, or escaped.
        self._ascii = [word for word in words if word.isascii()]

    def may_match(self, line: bytes) -> bool:
        """Return whether a line has the words at all, before it is parsed."""
        lower = line.lower()
        return all(word in lower for word in self._ascii)

    def matches(self, row: dict[str, Any]) -> bool:
        """Return whether the texts of a row have all words and phrases."""
        own = {key: value for key, value in row.items() if key not in ("_step", "_row", "_time")}
        text = b" " + b" ".join(plain("\n".join(texts_of(own))).split()) + b" "
        return all(phrase in text for phrase in self._phrases)
