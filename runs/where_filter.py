"""What an expression of `where` means: a filter over runs and the indexed rows of their tags, metrics and config.

A comparison is false for a run that lacks the value; `not` makes that true.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from runs import finding
from runs.models import RunMetric, RunParam, RunTag
from runs.querysets import RunQuerySet
from runs.where_tree import ORDERINGS, All, Comparison, Either, Kind, Node, Not

LOOKUPS = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "contains": "icontains", "in": "in"}
WITH_ROWS = frozenset({Kind.TAGS, Kind.METRIC, Kind.CONFIG})
INDEXED = frozenset({"project", "name", "status"})
EMPTY_TEXTS = frozenset({"group", "description", "hostname"})
"""Columns that are "" where a run says nothing."""


def satisfying(runs: RunQuerySet, node: Node) -> RunQuerySet:
    """Those of the runs of one root for which the expression is true."""
    parts = node.nodes if isinstance(node, All) else (node,)
    indexed = [part for part in parts if isinstance(part, Comparison) and part.field.kind in WITH_ROWS]
    runs = finding.having(runs, map(rows, indexed))
    for part in parts:
        if part not in indexed:
            runs = runs.filter(condition(part))
            runs.is_filtered |= isinstance(part, Comparison) and part.field.name in INDEXED
    return runs


def condition(node: Node) -> Q:
    """The expression as a condition on a run."""
    if isinstance(node, Not):
        return ~condition(node.node)
    if isinstance(node, All | Either):
        joined = Q()
        for part in node.nodes:
            joined = joined & condition(part) if isinstance(node, All) else joined | condition(part)
        return joined
    if node.field.kind in WITH_ROWS:
        return Q(Exists(rows(node).filter(run=OuterRef("pk"))))
    return _on_column(node)


def _on_column(node: Comparison) -> Q:
    column, operator = node.field.name, node.operator
    present = ~Q(**{column: ""}) if column in EMPTY_TEXTS else Q(**{f"{column}__isnull": False})
    if operator == "exists":
        return present
    if operator == "!=":
        return present & ~Q(**{column: node.values[0]})
    return Q(**{f"{column}__{LOOKUPS[operator]}": _wanted(node)})


def rows(node: Comparison) -> QuerySet[Any]:
    """The rows of tags, metrics or config values that make a comparison true, of runs of any root."""
    if node.field.kind is Kind.TAGS:
        return RunTag.objects.filter(tag__in=node.values) if node.values else RunTag.objects.all()
    model = RunMetric if node.field.kind is Kind.METRIC else RunParam
    keyed: QuerySet[Any] = model.objects.filter(key=node.field.name)
    if node.field.kind is Kind.METRIC:
        keyed = keyed.filter(**{f"{node.field.figure}__isnull": False})
        return _compared(keyed, node, node.field.figure)
    return _of_config(keyed, node)


def _of_config(keyed: QuerySet[Any], node: Comparison) -> QuerySet[Any]:
    numbers = [value for value in node.values if isinstance(value, float)]
    texts = [value for value in node.values if isinstance(value, str)]
    if node.operator == "in":
        return keyed.filter(Q(number__in=numbers) | Q(text__in=texts))
    if node.operator in ("exists", "!=", "contains"):
        keyed = keyed.exclude(number=None, text="null")  # as good as missing
    return _compared(keyed, node, "number" if numbers or node.operator in ORDERINGS else "text")


def _compared(keyed: QuerySet[Any], node: Comparison, field: str) -> QuerySet[Any]:
    if node.operator == "exists":
        return keyed
    if node.operator == "!=":
        return keyed.exclude(**{field: node.values[0]})
    return keyed.filter(**{f"{field}__{LOOKUPS[node.operator]}": _wanted(node)})


def _wanted(node: Comparison) -> Any:
    return list(node.values) if node.operator == "in" else node.values[0]
