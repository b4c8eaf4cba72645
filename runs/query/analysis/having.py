"""Conditions on groups, in the language of `where`: `n >= 3 and metric.val/acc.mean > 0.9`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runicorn.message import gettext_noop
from runs.query.analysis import grouping
from runs.query.analysis.grouping import STATISTICS, Membership
from runs.query.analysis.metric_values import Definitions, Floats
from runs.query.matches import Matches
from runs.query.where.ast import COMPARED, All, Comparison, Either, Field, Kind, Node, Not
from runs.query.where.parser import LONGEST, LONGEST_NAME, BadWhere, Parser, tokens
from runs.store.lazy_numpy import np

COUNTS = ("n", "failed")
HINT = gettext_noop("Groups have n, failed and metric.NAME with .mean, .std, .median, .min, .max or .n.")


class _GroupParser(Parser):
    """Fields are counts of members, and statistics of metrics: `figure` is the statistic."""

    def field(self) -> Field:
        token = self.next
        if not token.is_word:
            raise BadWhere("expected a field", token.position)
        self.at += 1
        if token.text in COUNTS:
            return Field(Kind.NUMBER, token.text)
        kind, _, rest = token.text.partition(".")
        name, _, statistic = rest.rpartition(".")
        if (
            kind == "metric"
            and 0 < len(name) <= LONGEST_NAME
            and "\0" not in name
            and statistic in STATISTICS
        ):
            return Field(Kind.NUMBER, name, statistic)
        raise BadWhere("unknown field {name}", token.position, HINT, name=repr(token.text[:60]))


def parse(text: str) -> Node:
    """Return the syntax tree of a condition on groups.

    Raises:
        BadWhere: it is malformed, too long, too deep, or has too many comparisons.
    """
    if len(text) > LONGEST:
        raise BadWhere("longer than {most} characters", LONGEST + 1, most=LONGEST)
    return _GroupParser(tokens(text)).parse()


def fulfilling(node: Node, matches: Matches, membership: Membership) -> Any:
    """Return for each group whether it fulfils a condition; a missing value fulfils no comparison."""
    definitions = Definitions.of(matches.runs)

    def column(field: Field) -> Floats:
        values: Any
        if field.figure:
            quantity = definitions.quantity(field.name)
            values = getattr(grouping.metric_statistics(matches.root, membership, quantity), field.figure)
        else:
            values = membership.sizes if field.name == "n" else grouping.failures(membership)
        floats: Floats = values.astype(float)
        return floats

    return _evaluate(node, column)


def _evaluate(node: Node, column: Callable[[Field], Floats]) -> Any:
    if isinstance(node, Not):
        return ~_evaluate(node.node, column)
    if isinstance(node, All | Either):
        join = np.logical_and if isinstance(node, All) else np.logical_or
        return join.reduce([_evaluate(part, column) for part in node.nodes])
    return _compare(node, column(node.field))


def _compare(node: Comparison, values: Floats) -> Any:
    present = ~np.isnan(values)
    if node.operator == "exists":
        return present
    if node.operator == "in":
        return present & np.isin(values, np.array(node.values, dtype=float))
    return present & COMPARED[node.operator](values, node.values[0])
