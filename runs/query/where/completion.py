"""Completions for a `where` expression at the cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runs.query.where import parser
from runs.query.where.ast import ALLOWED, Field, Kind
from runs.store.sanitize import number

WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s"'(),=!<>])+$""", re.DOTALL)
OPERATORS = (
    *("=", "!=", "<", "<=", ">", ">=", "~"),
    *("in", "not in", "contains", "exists", "is null", "is not null"),
)


@dataclass(frozen=True, slots=True)
class CursorContext:
    """Expected syntax at the cursor.

    Attributes:
        expected: the kind of word.
        start: where the word that is being written begins.
        typed: that word so far, without its quotes.
        field: the field of the comparison, for operators and values.
    """

    expected: parser.Expected
    start: int
    typed: str
    field: Field | None = None


def cursor_context(text: str, cursor: int) -> CursorContext:
    """Return the expected syntax at a position of an expression."""
    before = text[:cursor]
    word = WORD.search(before)
    start = cursor if word is None else word.start()
    typed = before[start:].replace('"', "").replace("'", "")
    head = parser.unfinished(before[:start])
    return CursorContext(head.expected, start, typed, head.field)


def operators(field: Field | None) -> list[str]:
    """Return the operators of a field; of any without one."""
    allowed = ALLOWED[Kind.CONFIG if field is None else field.kind]
    kinds = {"not in": "in", "is null": "exists", "is not null": "exists"}
    return [operator for operator in OPERATORS if kinds.get(operator, operator) in allowed]


def is_number(text: str) -> bool:
    """Return whether a text that is not quoted is a number in an expression."""
    return parser.NUMBER.fullmatch(text) is not None and number(float(text)) is not None


def quoted_word(text: str) -> str:
    """Return a text as a value of a config key: quoted where it would be a number or a boolean otherwise."""
    is_word = not is_number(text) and (text.lower() not in ("true", "false") or text.islower())
    plain = quoted(text)
    return plain if is_word or plain != text else f'"{text}"'


def quoted(text: str) -> str:
    """Return a name or a value as it is written in an expression."""
    if (
        text
        and not re.search(r"""[\s"'(),=!<>]""", text)
        and text.lower() not in ("and", "or", "not", "null")
    ):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
