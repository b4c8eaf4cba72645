"""Parser for the language of `where`: conditions on runs, as a syntax tree.

    expression = both ("or" both)*            both = single ("and" single)*
    single     = "not" single | "(" expression ")" | comparison
    comparison = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" | "~") value
               | field ["not"] "in" "(" value ("," value)* ")" | field "exists" | field "is" ["not"] "null"
    field      = a name of `ast.FIELDS` | "config.<key>" | "metric.<name>" [".best" | ".last" | ".min" | ".max"]
               | a bare key that `resolve` finds

Names and values with blanks or any of `( ) , = ! < > " '` are quoted; a backslash escapes the next character:
`config."learning rate" < 1e-3`. `metric.<name>` without a statistic means the last value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from runicorn.message import Message, gettext_noop
from runicorn_site.web import timestamps
from runs.query.where import patterns
from runs.query.where.ast import (
    ALLOWED,
    FIELDS,
    FIGURES,
    LONG_TEXTS,
    OPERATORS,
    ORDERINGS,
    All,
    Comparison,
    Either,
    Field,
    Kind,
    Node,
    Not,
)
from runs.store.sanitize import number

NO_IN, NO_COMPARISON = gettext_noop("expected 'in'"), gettext_noop("expected a comparison")
LONGEST = 2000
DEEPEST = 20
MOST_COMPARISONS = 50
MOST_VALUES = 100
LONGEST_NAME = 255


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
PIECE = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<bare>[^\s"'(),=!<>]+)""", re.DOTALL
)
# A tilde begins a path in a value, so that only one before a blank or a quote is an operator.
SIGN = re.compile(r"""!=|<=|>=|==|[=<>(),]|~(?=[\s"']|$)""")


class BadWhere(ValueError):
    """The expression is malformed; the message names the position, counted from 1.

    Attributes:
        sentence: the message without "where: ", as a page shows it.
    """

    def __init__(self, problem: str, position: int, hint: str = "", **values: object) -> None:
        self.problem, self.position = Message(problem, **values), position
        place = Message("{problem} at position {position}", problem=self.problem, position=position)
        self.sentence = (
            Message("{place}. {hint}", place=place, hint=hint) if hint else Message("{place}.", place=place)
        )
        super().__init__(f"where: {self.sentence}" if hint else f"where: {place}")


@dataclass(frozen=True, slots=True)
class Token:
    """A sign, a word or the end (""), and its position."""

    text: str
    position: int
    is_word: bool = False
    bare: str = ""
    """Last part of a word that is not quoted."""
    pattern: str = ""
    """The word as a regular expression: backslashes before anything but quotes are part of it."""

    @property
    def keyword(self) -> str:
        """The word in lower case if none of it is quoted, or the sign."""
        return self.text.lower() if not self.is_word or self.bare == self.text else '"'


Resolve = Callable[[str], "Field | str | None"]
"""Finds the field that a bare key stands for: the field, or what is wrong with the key, or None."""


def parse(text: str, resolve: Resolve | None = None) -> Node:
    """Return the syntax tree of an expression.

    Args:
        resolve: finds fields for bare keys, such as `config.optim.lr` for `lr`.

    Raises:
        BadWhere: it is malformed, too long, too deep, or has too many comparisons.
    """
    if len(text) > LONGEST:
        raise BadWhere("longer than {most} characters", LONGEST + 1, most=LONGEST)
    return Parser(tokens(text), resolve).parse()


Expected = Literal["field", "operator", "value", "connective", "nothing"]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Expected syntax after the beginning of an expression, and the field of the comparison that it ends in."""

    expected: Expected
    field: Field | None = None


def unfinished(text: str) -> Unfinished:
    """Return the expected syntax after the beginning of an expression; nothing if it is malformed."""
    try:
        reader = Parser(tokens(text[:LONGEST]), lambda key: Field(Kind.CONFIG, key))
    except BadWhere:
        return Unfinished("nothing")
    try:
        reader.parse()
    except BadWhere as error:
        at_end = reader.next.text == "" and not reader.next.is_word
        if not at_end:
            return Unfinished("nothing")
        expected: Expected = _EXPECTED.get(error.problem, "nothing")
        return Unfinished(expected, None if expected == "field" else reader.last_field)
    return Unfinished("connective")


def conjuncts(text: str) -> list[str]:
    """Return the parts of an expression that must all be true, as they are written.

    Raises:
        BadWhere: a word of it is malformed.
    """
    if _outside_parentheses("or", text):
        return [text.strip()]
    ends = _outside_parentheses("and", text)
    starts = [0, *(end + len("and") for end in ends)]
    return [text[start:end].strip() for start, end in zip(starts, [*ends, len(text)], strict=True)]


def required_projects(text: str) -> tuple[str, ...]:
    """Return the projects one of which every run must have for an expression to be true; none if it may have any.

    Parts that are malformed or unfinished do not count.
    """
    try:
        parts = conjuncts(text)
    except BadWhere:
        return ()
    for part in parts:
        try:
            node = parse(part, lambda key: Field(Kind.CONFIG, key))
        except BadWhere:
            continue
        if projects := _required_projects(node):
            return projects
    return ()


def _required_projects(node: Node) -> tuple[str, ...]:
    if isinstance(node, Comparison):
        is_project = node.field == Field(*FIELDS["project"]) and node.operator in ("=", "in")
        return tuple(map(str, node.values)) if is_project else ()
    if isinstance(node, All):
        return next(filter(None, map(_required_projects, node.nodes)), ())
    if isinstance(node, Either):
        of_parts = [_required_projects(part) for part in node.nodes]
        return tuple(dict.fromkeys(name for names in of_parts for name in names)) if all(of_parts) else ()
    return ()


def conjunction(parts: Sequence[str]) -> str:
    """Return the expression that is true where all of these are."""
    several = len(parts) > 1
    return " and ".join(
        f"({part})" if several and _outside_parentheses("or", part) else part for part in parts
    )


def _outside_parentheses(keyword: str, text: str) -> list[int]:
    """Return where a keyword of the outermost level begins."""
    depth, positions = 0, []
    for token in tokens(text):
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)
        if depth == 0 and token.keyword == keyword:
            positions.append(token.position - 1)
    return positions


def tokens(text: str) -> list[Token]:
    result: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif sign := SIGN.match(text, at):
            result.append(Token("=" if sign[0] == "==" else sign[0], at + 1))
            at = sign.end()
        else:
            word, at = _word(text, at)
            result.append(word)
    return [*result, Token("", len(text) + 1)]


def _word(text: str, start: int) -> tuple[Token, int]:
    """Return the word that begins at `start`, and its end."""
    word, pattern, bare, at = "", "", "", start
    while piece := PIECE.match(text, at):
        bare = piece["bare"] or ""
        pattern += bare or re.sub(r"\\([\"'])", r"\1", piece["quoted"][1:-1])
        word += bare or re.sub(r"\\(.)", r"\1", piece["quoted"][1:-1], flags=re.DOTALL)
        at = piece.end()
    if at < len(text) and text[at] in "\"'":
        raise BadWhere("unclosed quotation mark", at + 1)
    if at == start:
        raise BadWhere("unexpected {text}", at + 1, text=repr(text[at]))
    return Token(word, start + 1, True, bare, pattern), at


_EXPECTED: dict[str, Expected] = {
    "expected a field": "field",
    "expected a comparison": "operator",
    "expected a value": "value",
    "expected ')'": "connective",
}


class Parser:
    """Parser of tokens; the columns of samples have one that knows other fields."""

    def __init__(self, tokens: list[Token], resolve: Resolve | None = None) -> None:
        self.tokens = tokens
        self.resolve = resolve
        self.last_field: Field | None = None
        self.at = self.depth = self.comparisons = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def accept(self, *keywords: str) -> bool:
        """Advance over the next token if it is one of these keywords or signs."""
        is_match = self.next.keyword in keywords
        self.at += is_match
        return is_match

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            raise BadWhere("expected {sign}", self.next.position, sign=repr(sign))

    def parse(self) -> Node:
        node = self.expression()
        if self.next.text or self.next.is_word:
            raise BadWhere("expected 'and', 'or' or the end", self.next.position)
        return node

    def expression(self) -> Node:
        nodes = [self.both()]
        while self.accept("or"):
            nodes.append(self.both())
        return nodes[0] if len(nodes) == 1 else Either(tuple(nodes))

    def both(self) -> Node:
        nodes = [self.single()]
        while self.accept("and"):
            nodes.append(self.single())
        return nodes[0] if len(nodes) == 1 else All(tuple(nodes))

    def single(self) -> Node:
        position = self.next.position
        if self.accept("not"):
            return Not(self.deeper(self.single, position))
        if self.accept("("):
            node = self.deeper(self.expression, position)
            self.expect(")")
            return node
        return self.comparison()

    def deeper(self, read: Callable[[], Node], position: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadWhere("nested more than {most} deep", position, most=DEEPEST)
        node = read()
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            raise BadWhere("more than {most} comparisons", self.next.position, most=MOST_COMPARISONS)
        self.last_field = None
        self.last_field = field = self.field()
        position = self.next.position
        if self.accept("is"):
            negated = self.accept("not")
            self.expect("null")
            node: Node = self.checked(Comparison(field, "exists"), position)
            return node if negated else Not(node)
        negated = self.accept("not")
        operator = self.next.keyword
        if operator not in OPERATORS or (negated and operator != "in"):
            raise BadWhere(NO_IN if negated else NO_COMPARISON, self.next.position)
        self.at += 1
        node = self.checked(Comparison(field, operator, self.values(field, operator)), position)
        return Not(node) if negated else node

    def checked(self, comparison: Comparison, position: int) -> Comparison:
        allowed = ALLOWED[comparison.field.kind]
        if comparison.operator == "~" and comparison.field.name in LONG_TEXTS:
            raise BadWhere("this text is too long for a regular expression", position)
        if comparison.operator not in allowed:
            raise BadWhere("this field supports only {allowed}", position, allowed=", ".join(sorted(allowed)))
        return comparison

    def field(self) -> Field:
        token = self.next
        if not token.is_word:
            raise BadWhere("expected a field", token.position)
        self.at += 1
        kind, dot, name = token.text.partition(".")
        figure = "last"
        if token.bare and kind == "metric" and (split := name.rpartition("."))[2] in FIGURES and split[0]:
            name, figure = split[0], split[2]
        if dot and kind in ("config", "metric") and 0 < len(name) <= LONGEST_NAME and "\0" not in name:
            return Field(Kind.CONFIG, name) if kind == "config" else Field(Kind.METRIC, name, FIGURES[figure])
        if token.text not in FIELDS:
            resolved = self.resolve(token.text) if self.resolve and token.text else None
            if isinstance(resolved, Field):
                return resolved
            raise BadWhere("unknown field {name}", token.position, resolved or "", name=repr(token.text[:60]))
        return Field(*FIELDS[token.text])

    def values(self, field: Field, operator: str) -> tuple[str | float | bool, ...]:
        if operator == "exists":
            return ()
        if operator != "in":
            return (self.value(field, operator),)
        self.expect("(")
        values = [self.value(field, operator)]
        while self.accept(","):
            if len(values) == MOST_VALUES:
                raise BadWhere("more than {most} values", self.next.position, most=MOST_VALUES)
            values.append(self.value(field, operator))
        self.expect(")")
        return tuple(values)

    def value(self, field: Field, operator: str) -> str | float | bool:
        token = self.next
        if not token.is_word:
            raise BadWhere("expected a value", token.position)
        self.at += 1
        if "\0" in token.text:
            raise BadWhere("a character that values cannot contain", token.position)
        try:
            return _value(token, field.kind, operator)
        except ValueError as error:
            raise BadWhere(str(error), token.position) from error


def _value(token: Token, kind: Kind, operator: str) -> str | float | bool:
    """Convert a token to the type of the field."""
    bare = token.bare == token.text
    if kind is Kind.FLAG:
        if token.keyword not in ("true", "false"):
            raise ValueError(Message("expected true or false"))
        return token.keyword == "true"
    if kind is Kind.TIME:
        if (moment := timestamps.seconds(token.text)) is None:
            raise ValueError(Message("expected {forms}", forms=timestamps.FORMS))
        return moment
    if operator == "~":
        patterns.compiled(token.pattern)
        return token.pattern
    if kind in (Kind.TEXT, Kind.TAGS) or (kind is Kind.CONFIG and operator == "contains"):
        return token.text
    value = number(float(token.text)) if bare and NUMBER.fullmatch(token.text) else None
    if value is None and (kind is not Kind.CONFIG or operator in ORDERINGS):
        raise ValueError(Message("expected a number"))
    if bare and token.keyword == "null":
        raise ValueError(Message("expected a value (use 'is null' for missing values)"))
    if value is None:
        return token.keyword if bare and token.keyword in ("true", "false") else token.text
    return value
