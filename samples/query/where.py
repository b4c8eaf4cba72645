"""Conditions over the columns of samples, in the language of `where`: `reward < 0.2 and truncated`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from runs.query.where.ast import COMPARED, All, Comparison, Either, Field, Kind, Node, Not
from runs.query.where.parser import LONGEST, LONGEST_NAME, BadWhere, Parser, tokens
from runs.store.lazy_numpy import np
from samples.store.piece import NO_STEP, Piece

if TYPE_CHECKING:
    from numpy.typing import NDArray


Mask: TypeAlias = "NDArray[np.bool_]"
WORDS: dict[str, bool] = {"true": True, "false": False}


class _ColumnParser(Parser):
    """Any name is a column, and a column alone is a condition: that it is true, or not zero."""

    def field(self) -> Field:
        token = self.next
        if not token.is_word or not token.text or len(token.text) > LONGEST_NAME:
            raise BadWhere("expected a column", token.position)
        self.at += 1
        return Field(Kind.CONFIG, token.text)

    def comparison(self) -> Node:
        following = self.tokens[self.at + 1].keyword if self.at + 1 < len(self.tokens) else ""
        if self.next.is_word and following in ("", "and", "or", ")"):
            return Comparison(self.field(), "=", (True,))
        return super().comparison()


def parse(text: str) -> Node:
    """Return the syntax tree of a condition.

    Raises:
        BadWhere: it is malformed, too long, too deep, or has too many comparisons.
    """
    if len(text) > LONGEST:
        raise BadWhere("longer than {most} characters", LONGEST + 1, most=LONGEST)
    return _ColumnParser(tokens(text)).parse()


def matching(node: Node, piece: Piece) -> Mask:
    """Return which samples of a piece a condition holds for; a missing value fulfils no comparison."""
    if isinstance(node, Not):
        return ~matching(node.node, piece)
    if isinstance(node, All | Either):
        masks = [matching(part, piece) for part in node.nodes]
        result = np.logical_and.reduce(masks) if isinstance(node, All) else np.logical_or.reduce(masks)
        return np.asarray(result, bool)
    return _compare(node, piece)


def is_number(value: Any) -> bool:
    """Return whether a literal is compared with a number or a flag."""
    return not isinstance(value, str) or value.lower() in WORDS


def numbers_of(piece: Piece, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, also step, time and row."""
    if name == "_step" or (name == "step" and "step" not in piece.kinds):
        return np.where(piece.steps == NO_STEP, np.nan, piece.steps.astype(np.float64))
    if name == "_time":
        return piece.times()
    if name == "_row":
        return (piece.name.chunk << 32) + piece.name.first + np.arange(piece.rows, dtype=np.float64)
    return piece.numbers(name)


def _compare(node: Comparison, piece: Piece) -> Mask:
    name, operator = node.field.name, node.operator
    if piece.kinds.get(name) == "text":
        return _compare_text(piece, name, operator, node.values)
    if name in piece.long and name not in piece.kinds:
        return _compare_text(piece, name, operator, node.values)
    numbers = numbers_of(piece, name)
    present: Mask = ~np.isnan(numbers)
    if operator == "exists":
        return present
    if operator == "contains":
        return piece.containing(name, str(node.values[0]))
    if operator == "in":
        return np.isin(numbers, [float(_word(value)) for value in node.values if is_number(value)])
    value = _word(node.values[0])
    if isinstance(value, bool):
        result = (numbers != 0) == value
        return np.asarray(present & (result if operator == "=" else ~result), bool)
    if isinstance(value, str):
        return present if operator == "!=" else np.zeros(piece.rows, bool)
    return np.asarray(present & COMPARED[operator](numbers, value), bool)


def _word(value: Any) -> Any:
    return WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _compare_text(piece: Piece, name: str, operator: str, values: tuple[Any, ...]) -> Mask:
    long = piece.long_mask(name)
    if operator == "contains":
        return piece.containing(name, str(values[0]))
    if operator in ("=", "!=", "in") and not (len(values) == 1 and values[0] is True):
        result: Mask = np.logical_or.reduce([piece.equal(name, _text_of(value)) for value in values])
        return result if operator != "!=" else np.asarray(~result & (piece.texts(name)[0] >= 0) | long, bool)
    codes, texts = piece.texts(name)
    if operator == "exists":
        return np.asarray((codes >= 0) | long, bool)
    if operator == "=":  # a text alone: that it says something
        true_codes = [n for n, text in enumerate(texts) if text.lower() not in ("", "false", "0")]
        return np.asarray(np.isin(codes, true_codes) | long, bool)
    return np.zeros(piece.rows, bool)


def _text_of(value: Any) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value
    )
