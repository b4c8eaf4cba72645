"""Completions for a `where` expression at the cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runs.query.where import parser
from runs.query.where.ast import ALLOWED, Field, Kind

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
