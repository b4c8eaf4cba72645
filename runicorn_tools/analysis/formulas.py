"""Formulas over metrics: a grammar of arithmetic and a few functions, parsed here and never evaluated as Python.

    sum     = product (("+" | "-") product)*
    product = sign (("*" | "/") sign)*
    sign    = ("-" | "+") sign | power
    power   = atom [("^" | "**") sign]
    atom    = number | metric | function "(" sum ("," sum)* ")" | "(" sum ")"

A metric is a name as in `val_loss`, `val/loss` (a slash between letters belongs to the name; a division has a blank on
one side), or any name in quotes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runicorn.message import Message

LONGEST = 1000
DEEPEST = 30
MOST_PARTS = 100
LONGEST_NAME = 255
TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"""
    r"""|(?P<name>[^\W\d][\w.]*(?:/[^\W\d][\w.]*)*)"""
    r"""|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<sign>\*\*|[-+*/^(),]))""",
    re.DOTALL,
)
POINTWISE = frozenset({"abs", "exp", "log", "log2", "log10", "sqrt"})
"""Functions of one value."""
OVER_POINTS = frozenset({"cummax", "cummin", "cumsum", "diff", "rate"})
"""Functions of the points so far."""
SCALARS = frozenset({"first", "last", "max", "min"})
"""Functions of a whole metric, with one value."""
ARITIES = dict.fromkeys(POINTWISE | OVER_POINTS | SCALARS, (1,)) | {"ema": (2,), "clip": (3,)}
INCREASING = frozenset({"exp", "log", "log2", "log10", "sqrt"})
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
}


class BadFormula(ValueError):
    """The formula is malformed; the message names the position, counted from 1."""

    def __init__(self, problem: str, position: int, **values: object) -> None:
        self.position = position
        super().__init__(
            Message("{problem} at position {position}", problem=Message(problem, **values), position=position)
        )


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    part: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """An operation: `+`, `-`, `*`, `/` or `^`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Metric | Negative | Binary | Call


def parse(text: str) -> Node:
    """Return the syntax tree of a formula.

    Raises:
        BadFormula: it is malformed, too long or too deep, or names no metric.
    """
    if len(text) > LONGEST:
        raise BadFormula("longer than {most} characters", LONGEST + 1, most=LONGEST)
    tree = _Parser(text).parse()
    if not metrics(tree):
        raise BadFormula("a formula needs a metric", 1)
    return tree


def metrics(node: Node) -> list[str]:
    """Return the names of the metrics of a formula, each once, in their order."""
    return list(dict.fromkeys(part.name for part in parts(node) if isinstance(part, Metric)))


def parts(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it."""
    yield node
    if isinstance(node, Negative):
        yield from parts(node.part)
    elif isinstance(node, Binary):
        yield from parts(node.left)
        yield from parts(node.right)
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from parts(argument)


def is_scalar(node: Node) -> bool:
    """Return whether a node has one value for a whole run."""
    if isinstance(node, Metric):
        return False
    if isinstance(node, Call) and node.function in SCALARS:
        return True
    return all(is_scalar(part) for part in _children(node))


def varying(node: Node) -> Metric | None:
    """Return the only metric on which a formula depends point by point, if it is monotone in it where it is defined.

    The extremes of such a formula are at extremes of the metric, so that downsampled points are enough.
    """
    if isinstance(node, Metric):
        return node
    if isinstance(node, Negative):
        return varying(node.part)
    if isinstance(node, Call):
        return varying(node.arguments[0]) if node.function in INCREASING else None
    if isinstance(node, Binary):
        if is_scalar(node.right) and node.sign != "^":
            return varying(node.left)
        if is_scalar(node.left) and node.sign in "+-*":
            return varying(node.right)
    return None


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Negative):
        return (node.part,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    return node.arguments if isinstance(node, Call) else ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = self.depth = self.count = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def parse(self) -> Node:
        node = self.sum()
        if self.next.kind != "end":
            raise BadFormula("expected an operator", self.next.position)
        return node

    def accept(self, *signs: str) -> str | None:
        """Advance over the next token if it is one of these signs, and return it."""
        token = self.next
        if token.kind != "sign" or token.text not in signs:
            return None
        self.at += 1
        return "^" if token.text == "**" else token.text

    def expect(self, sign: str) -> None:
        if self.accept(sign) is None:
            raise BadFormula("expected {sign}", self.next.position, sign=repr(sign))

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadFormula("nested more than {most} deep", self.next.position, most=DEEPEST)
        node = self.product()
        while sign := self.accept("+", "-"):
            node = Binary(sign, node, self.product())
        self.depth -= 1
        return node

    def product(self) -> Node:
        node = self.sign()
        while sign := self.accept("*", "/"):
            node = Binary(sign, node, self.sign())
        return node

    def sign(self) -> Node:
        negative = False
        while sign := self.accept("-", "+"):
            negative ^= sign == "-"
        node = self.power()
        return Negative(node) if negative else node

    def power(self) -> Node:
        node = self.atom()
        if self.accept("^", "**") is None:
            return node
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadFormula("nested more than {most} deep", self.next.position, most=DEEPEST)
        node = Binary("^", node, self.sign())
        self.depth -= 1
        return node

    def atom(self) -> Node:
        token = self.next
        self.count += 1
        if self.count > MOST_PARTS:
            raise BadFormula("more than {most} numbers and metrics", token.position, most=MOST_PARTS)
        if self.accept("("):
            node = self.sum()
            self.expect(")")
            return node
        if token.kind not in ("number", "name", "quoted"):
            raise BadFormula("expected a number or a metric", token.position)
        self.at += 1
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "name" and self.next.text == "(" and self.next.kind == "sign":
            return self.call(token)
        return Metric(token.text)

    def call(self, token: _Token) -> Node:
        if token.text not in ARITIES:
            names = ", ".join(sorted(ARITIES))
            raise BadFormula(
                "unknown function {name} (there are {names})",
                token.position,
                name=repr(token.text),
                names=names,
            )
        self.expect("(")
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.expect(")")
        if len(arguments) not in ARITIES[token.text]:
            (count,) = ARITIES[token.text]
            raise BadFormula("{name} has {count} arguments", token.position, name=token.text, count=count)
        if token.text in SCALARS and not isinstance(arguments[0], Metric):
            raise BadFormula("{name} needs the name of a metric", token.position, name=token.text)
        if any(not is_scalar(argument) for argument in arguments[1:]):
            raise BadFormula("{name} needs numbers after the first argument", token.position, name=token.text)
        if token.text == "ema" and not (isinstance(arguments[1], Number) and arguments[1].value < 1):
            raise BadFormula("the weight of ema must be a number from 0 to below 1", token.position)
        return Call(token.text, tuple(arguments))


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise BadFormula("unexpected {text}", start + 1, text=repr(text[start]))
        word = match[match.lastgroup]
        position = match.start(match.lastgroup) + 1
        if match.lastgroup == "quoted":
            word = re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
        if match.lastgroup in ("name", "quoted") and not 0 < len(word) <= LONGEST_NAME:
            raise BadFormula("a name has 1 to {most} characters", position, most=LONGEST_NAME)
        yield _Token(match.lastgroup, word, position)
        at = match.end()
    yield _Token("end", "", len(text) + 1)
