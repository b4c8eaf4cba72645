"""Checks that a condition or an order can be answered from the columns of a sample set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from runicorn.message import Message
from runs.query.where.ast import ORDERINGS, Comparison, Node, comparisons
from samples.errors import BadSampleQuery
from samples.query.where import is_number
from samples.store.fields import LONGEST_TEXT
from samples.store.piece import Piece

OWN = ("_step", "_time", "_row", "step")
MOST_NAMED = 3


def check_condition(node: Node | None, pieces: Sequence[Piece]) -> None:
    """Raise `BadSampleQuery` for a comparison that no sample could fulfil because of its column.

    A set that has no samples yet has no columns either, so that everything is allowed.
    """
    if node is None or not any(piece.rows for piece in pieces):
        return
    kinds = _kinds(pieces)
    long = {name for piece in pieces for name in piece.long}
    for comparison in comparisons(node):
        if problem := _problem(comparison, kinds, long):
            raise BadSampleQuery(problem, "where")


def check_order(name: str, pieces: Sequence[Piece]) -> None:
    """Raise `BadSampleQuery` if no sample has the column to sort by."""
    kinds = _kinds(pieces)
    if name in kinds or name in OWN or not any(piece.rows for piece in pieces):
        return
    is_long = any(name in piece.long for piece in pieces)
    raise BadSampleQuery(_long(name, kinds) if is_long else _unknown(name, kinds), "order_by")


def _kinds(pieces: Iterable[Piece]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for piece in pieces:
        for name, kind in piece.kinds.items():
            kinds.setdefault(name, set()).add(kind)
    return kinds


def _problem(comparison: Comparison, kinds: dict[str, set[str]], long: set[str]) -> Message | None:
    name, operator, values = comparison.field.name, comparison.operator, comparison.values
    own = kinds.get(name, set()) or ({"number"} if name in OWN else set())
    if name in long:
        if operator == "contains":
            return _long(name, kinds)
        if operator in ("=", "!=", "in") and any(len(str(value)) > LONGEST_TEXT for value in values):
            return _long(name, kinds)
    if not own and name not in long:
        return _unknown(name, kinds)
    if operator in ORDERINGS and own <= {"text"}:
        return Message("{column} is a text: use =, !=, in, contains or exists", column=name)
    if own and "text" not in own and operator not in ("exists", "contains"):
        wrong = next((value for value in values if not is_number(value)), None)
        if wrong is not None and str(wrong).lower() in ("nan", "inf", "infinity", "-inf", "none", "null"):
            return Message("{value} counts as missing: use {column} is null", value=wrong, column=name)
        if wrong is not None:
            return Message("{column} is a number, which is never {value}", column=name, value=str(wrong)[:80])
    return None


def _unknown(name: str, kinds: dict[str, set[str]]) -> Message:
    by_end = [column for column in kinds if column.endswith(f".{name}")]
    close = get_close_matches(name, [*kinds, *OWN], n=MOST_NAMED, cutoff=0.6)
    near = list(dict.fromkeys([*by_end, *close]))[:MOST_NAMED]
    if near:
        return Message(
            "No sample has the column {column}. Did you mean {near}?", column=name[:80], near=", ".join(near)
        )
    return Message("No sample has the column {column}.", column=name[:80])


def _long(name: str, kinds: dict[str, set[str]]) -> Message:
    if f"{name}_length" in kinds:
        return Message(
            "{column} is a long text: search for its words, or compare {column}_length", column=name[:80]
        )
    return Message("{column} is a long text: search for its words", column=name[:80])
