"""Syntax tree of `where`: fields, their types and comparisons."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """Type of a field, which determines its comparisons."""

    TEXT = auto()
    NUMBER = auto()
    TIME = auto()
    FLAG = auto()
    TAGS = auto()
    METRIC = auto()
    CONFIG = auto()


TEXTS = (
    *("project", "name", "status", "state", "state_reason", "exit_reason"),
    *("group", "description", "hostname", "owner", "best_metric_name", "replica_key"),
)
TIMES = ("created", "updated", "started", "ended", "deleted")
FIELDS = {
    "id": (Kind.TEXT, "run_id"),
    **{name: (Kind.TEXT, name) for name in TEXTS},
    **{name: (Kind.NUMBER, name) for name in ("duration", "best_metric_value")},
    **{f"{name}_at": (Kind.TIME, name) for name in TIMES},
    **{name: (Kind.FLAG, name) for name in ("pinned", "archived")},
    "tags": (Kind.TAGS, "tags"),
}
"""Type and row column of each field."""
EMPTY_TEXTS = frozenset({"group", "description", "hostname", "replica_key"})
"""Columns that are "" if the run has no value."""
FIGURES = {"best": "best", "last": "last", "min": "minimum", "max": "maximum"}
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Comparisons of numbers or arrays."""
ORDERINGS = frozenset({"<", "<=", ">", ">="})
EQUALITIES = frozenset({"=", "!=", "in", "exists"})
ALLOWED = {
    Kind.TEXT: EQUALITIES | {"contains", "~"},
    Kind.NUMBER: EQUALITIES | ORDERINGS,
    Kind.TIME: EQUALITIES | ORDERINGS,
    Kind.FLAG: frozenset({"=", "!="}),
    Kind.TAGS: frozenset({"=", "in", "contains", "exists"}),
    Kind.METRIC: EQUALITIES | ORDERINGS,
    Kind.CONFIG: EQUALITIES | ORDERINGS | {"contains"},
}
OPERATORS = frozenset().union(*ALLOWED.values())
LONG_TEXTS = frozenset({"description", "state_reason"})
"""Columns that are too long for regular expressions."""


Value = str | float | bool


@dataclass(frozen=True, slots=True)
class Field:
    """A column, a config key, or a metric with one of its statistics."""

    kind: Kind
    name: str
    figure: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison: `exists` has no values, `in` one or more, every other operator has one."""

    field: Field
    operator: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    nodes: tuple[Node, ...]


Node = Comparison | Not | All | Either


def columns(filters: Mapping[str, Any], **words: Sequence[str]) -> list[Comparison]:
    """Return filters of columns (`{"project": …, "created__gte": …}`) and of any of several words as comparisons."""
    comparisons = []
    for lookup, value in filters.items():
        name, _, kind = lookup.partition("__")
        comparisons.append(
            Comparison(Field(Kind.TEXT, name), {"gte": ">=", "lte": "<="}.get(kind, "="), (value,))
        )
    comparisons += [
        Comparison(Field(Kind.TEXT, name), "in", tuple(any_of)) for name, any_of in words.items() if any_of
    ]
    return comparisons


def parts(node: Node | None) -> tuple[Node, ...]:
    """Return the parts that must all be true for the expression to be; none without an expression."""
    if isinstance(node, All):
        return node.nodes
    return () if node is None else (node,)


def with_tag(tag: str) -> Comparison:
    return Comparison(Field(Kind.TAGS, "tags"), "in", (tag,))


def comparisons(node: Node) -> Iterator[Comparison]:
    """Yield every comparison of an expression from left to right."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from comparisons(node.node)
    else:
        for part in node.nodes:
            yield from comparisons(part)


def metrics_in(node: Node | None) -> set[str]:
    """Return the metrics that an expression compares."""
    leaves = () if node is None else comparisons(node)
    return {leaf.field.name for leaf in leaves if leaf.field.kind is Kind.METRIC}
