"""Queries for the rows that satisfy one comparison: tags, metrics, config values, or columns of runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Func, Q, QuerySet

from runs.models import Run, RunMetric, RunParam, RunTag
from runs.query.where.ast import EMPTY_TEXTS, ORDERINGS, Comparison, Kind, Node, Value

LOOKUPS = {
    "=": "exact",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
    "contains": "icontains",
    "in": "in",
    "~": "regex",
}
WITH_ROWS = frozenset({Kind.TAGS, Kind.METRIC, Kind.CONFIG})


class Unindexed(Func):
    """A column wrapped so that SQLite uses no index for it (https://sqlite.org/optoverview.html#uplus)."""

    template = "+%(expressions)s"
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return the plain column: other databases need no such hint."""
        return self.as_sql(compiler, connection, template="%(expressions)s", **extra)


def rows(node: Comparison, *, by_run: bool = False) -> QuerySet[Any]:
    """Return the rows of tags, metrics or config values that make a comparison true, of runs of any root.

    Args:
        by_run: use the index by runs rather than the one by values; for a subset of the runs.
    """
    if node.field.kind is Kind.TAGS:
        return RunTag.objects.filter(tag__in=node.values) if node.values else RunTag.objects.all()
    model = RunMetric if node.field.kind is Kind.METRIC else RunParam
    of_key: QuerySet[Any] = model.objects.filter(key=node.field.name)
    if node.field.kind is Kind.METRIC:
        return _of_metric(of_key, node, by_run)
    return _of_config(of_key, node, by_run)


def range_of(nodes: Iterable[Node], key: str, column: str) -> dict[str, Value]:
    """Return the bounds that expressions set for a column of one key as lookups, such as `{"number__lt": 0.1}`."""
    bounds = {}
    for node in nodes:
        if isinstance(node, Comparison) and node.operator in ORDERINGS and node.field.name == key:
            compared = {Kind.METRIC: node.field.figure, Kind.CONFIG: "number"}.get(node.field.kind)
            if compared == column:
                bounds[f"{column}__{LOOKUPS[node.operator]}"] = node.values[0]
    return bounds


def on_column(node: Comparison) -> Q:
    """Return a comparison of a column as a condition on runs."""
    column, operator = node.field.name, node.operator
    present = ~Q(**{column: ""}) if column in EMPTY_TEXTS else Q(**{f"{column}__isnull": False})
    if operator == "exists":
        return present
    if operator == "!=":
        return present & ~Q(**{column: node.values[0]})
    return Q(**{f"{column}__{LOOKUPS[operator]}": _operand(node)})


def live_runs(node: Comparison) -> QuerySet[Run]:
    """Return the runs of any root outside the recycle bin for which a comparison of a column is true."""
    return Run.objects.live().filter(on_column(node))


def _of_metric(rows: QuerySet[Any], node: Comparison, by_run: bool) -> QuerySet[Any]:
    figure = node.field.figure
    if by_run and node.operator not in ("=", "in"):
        rows, figure = rows.alias(figure=Unindexed(F(figure))), "figure"
    if node.operator in ("exists", "!="):
        rows = rows.filter(**{f"{figure}__isnull": False})
    return _filter_by(rows, node, figure)


def _of_config(rows: QuerySet[Any], node: Comparison, by_run: bool) -> QuerySet[Any]:
    numbers = [value for value in node.values if isinstance(value, float)]
    texts = [value for value in node.values if isinstance(value, str)]
    if node.operator == "in":
        return rows.filter(Q(number__in=numbers) | Q(text__in=texts))
    if node.operator in ("exists", "!=", "contains"):
        rows = rows.exclude(number=None, text="null")  # counts as missing
    column = "number" if numbers or node.operator in ORDERINGS else "text"
    if by_run and node.operator in ORDERINGS:
        rows, column = rows.alias(figure=Unindexed(F(column))), "figure"
    return _filter_by(rows, node, column)


def _filter_by(rows: QuerySet[Any], node: Comparison, field: str) -> QuerySet[Any]:
    if node.operator == "exists":
        return rows
    if node.operator == "!=":
        return rows.exclude(**{field: node.values[0]})
    return rows.filter(**{f"{field}__{LOOKUPS[node.operator]}": _operand(node)})


def _operand(node: Comparison) -> Any:
    return list(node.values) if node.operator == "in" else node.values[0]
