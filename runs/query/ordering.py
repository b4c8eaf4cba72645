"""Runs in the order of any column, metric or config value, a page at a time.

Runs without the value come last in both directions. That makes an order several lists one after another, each of
which is a range of an index: those that have the value, by it, and then the others. A page takes what it needs.
Further keys order runs with equal values; only these are sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, F, OrderBy, OuterRef, QuerySet, Subquery
from rest_framework.exceptions import ValidationError

from runs.models import Run, RunMetric, RunParam
from runs.query import derived_metrics, selectivity, sort_keys
from runs.query.key_sets import Keys
from runs.query.matches import Matches
from runs.query.sort_keys import metric_of
from runs.query.where import matching_rows
from runs.query.where.ast import FIGURES

COLUMNS = {
    "created_at": "created",
    "updated_at": "updated",
    "status": "status",
    "state": "state",
    "name": "name",
    "project": "project",
    "best_metric_value": "best_metric_value",
    "best_metric": "best_score",
    "duration": "duration",
}
NULLABLE = frozenset({"best_metric_value", "best_score", "duration"})


SortKey = tuple[str, bool]
"""A sort key, and whether its order is descending."""


class UnknownOrder(ValidationError):
    """Unknown sort key, received in a field."""

    def __init__(self, order: str, field: str = "order_by") -> None:
        allowed = ", ".join([*COLUMNS, "metric.<name>.best|last|min|max", "config.<key>"])
        super().__init__({field: [f"{field} must be one of {allowed}; not {order!r}"]})


def parse_keys(text: str) -> list[SortKey]:
    """Parse a list of sort keys, each descending with a leading minus.

    Raises:
        UnknownOrder: it is malformed.
    """
    keys = sort_keys.split(text, is_key)
    if not keys:
        raise UnknownOrder(text, "sort")
    return [(key.removeprefix("-"), key.startswith("-")) for key in keys]


def ordered_by_query(matches: Matches, query: Mapping[str, Any]) -> Ordered:
    """Return runs in the order of a valid `RunListQuery`.

    Raises:
        UnknownOrder: `sort` or `order_by` is malformed.
    """
    keys = parse_keys(query["sort"]) if query.get("sort") else [(query["order_by"], query["order_desc"])]
    (order, desc), *then = keys
    return Ordered(matches, order, desc=desc, then=then, pinned_first=query["pinned_first"])


def metrics_of(query: Mapping[str, Any]) -> set[str]:
    """Return the metrics by which a `RunListQuery` sorts."""
    keys = sort_keys.split(query.get("sort") or query.get("order_by") or "", is_key)
    return {metric[0] for key in keys if (metric := metric_of(key.removeprefix("-")))}


def is_key(order: str) -> bool:
    kind, _, rest = order.partition(".")
    return order in COLUMNS or (kind == "config" and bool(rest)) or metric_of(order) is not None


class Ordered:
    """Runs in an order; slicing it returns a list.

    Ties are ordered by the keys of the rows, which ascend with the run ids of a store.

    Args:
        order: the first sort key.
        desc: whether its order is descending; that of ties, too.
        then: further sort keys.
        pinned_first: whether pinned runs precede all others, both in that order.

    Raises:
        UnknownOrder: a key is unknown.
    """

    def __init__(
        self,
        matches: Matches,
        order: str = "created_at",
        *,
        desc: bool = True,
        then: Sequence[SortKey] = (),
        pinned_first: bool = False,
    ) -> None:
        keys = [(order, desc), *then]
        for key, _ in keys:
            if not is_key(key):
                raise UnknownOrder(key)
        derived_metrics.prepare(matches.root, {metric[0] for key, _ in keys if (metric := metric_of(key))})
        self.desc = desc
        few = matches if order == "created_at" else selectivity.narrow(matches)
        groups = _by_pin(few) if pinned_first else [few]
        self.parts = [part for group in groups for part in _parts(group, keys, desc)]

    def __getitem__(self, window: slice) -> list[Any]:
        start, stop = window.start or 0, window.stop
        rows: list[Any] = []
        for part in self.parts:
            if stop is not None and stop <= start:
                break
            part_rows = list(part[start:stop])
            rows += part_rows
            skipped = (
                start + len(part_rows) if part_rows or start == 0 else min(start, part.order_by().count())
            )
            start, stop = max(0, start - skipped), None if stop is None else stop - skipped
        return rows

    def values_list(self, *fields: str) -> Ordered:
        """Return tuples of `fields` in the same order."""
        return self._with(lambda part: part.values_list(*fields))

    def only(self, *fields: str) -> Ordered:
        return self._with(lambda part: part.only(*fields))

    def defer(self, *fields: str) -> Ordered:
        return self._with(lambda part: part.defer(*fields))

    def compiled(self, rows: Callable[[Any], Any]) -> Ordered:
        """Return the same order with each part as the result of `rows`, which can be sliced and counted."""
        return self._with(rows)

    def _with(self, change: Callable[[Any], Any]) -> Ordered:
        copy = object.__new__(Ordered)
        copy.desc, copy.parts = self.desc, [change(part) for part in self.parts]
        return copy


def _by_pin(matches: Matches) -> list[Matches]:
    """Return the pinned runs, and the others."""
    # An index has the few pinned runs of a store; the list would be walked to its end for them.
    pinned = Run.objects.in_root(matches.root).filter(pinned=True).values_list("pk", flat=True)
    if not (keys := list(pinned)):
        return [matches]
    pinned_keys = list(matches.runs.filter(pk__among=Keys(keys)).order_by().values_list("pk", flat=True))
    first = Matches(matches.root, Run.objects.filter(pk__among=Keys(pinned_keys)), are_few=True)
    return [first, matches.filter(pinned=False)]


def _parts(matches: Matches, keys: Sequence[SortKey], desc: bool) -> Iterator[Any]:
    """Yield the runs in an order; ties descend with `desc`."""
    if not keys:
        yield matches.runs.order_by(_direction("id", desc))
        return
    (order, down), *then = keys
    ties = [*(expression for key, below in then for expression in _ties(key, below)), _direction("id", desc)]
    if column := COLUMNS.get(order):
        yield from _by_column(matches, column, down, ties)
        if column in NULLABLE:
            yield from _parts(replace(matches, runs=matches.runs.filter(**{column: None})), then, desc)
        return
    if metric := metric_of(order):
        name, field = metric[0], FIGURES[metric[1]]
        yield _by_value(matches, RunMetric, name, field, down, ties)
        valued: QuerySet[Any] = RunMetric.objects.filter(
            run=OuterRef("pk"), key=name, **{f"{field}__isnull": False}
        )
    else:
        name = order.removeprefix("config.")
        yield _by_value(matches, RunParam, name, "number", down, ties)
        yield _by_value(matches, RunParam, name, "text", down, ties, number__isnull=True)
        valued = RunParam.objects.filter(run=OuterRef("pk"), key=name)
    yield from _parts(replace(matches, runs=matches.runs.filter(~Exists(valued))), then, desc)


def _ties(order: str, desc: bool) -> Iterator[OrderBy]:
    """Yield expressions that order runs by a key, those without a value last."""
    if column := COLUMNS.get(order):
        yield _direction(column, desc, nullable=column in NULLABLE)
    elif metric := metric_of(order):
        name, field = metric[0], FIGURES[metric[1]]
        of_run = RunMetric.objects.filter(run=OuterRef("pk"), key=name)
        yield _direction(Subquery(of_run.values(field)[:1]), desc, nullable=True)
    else:
        params = RunParam.objects.filter(run=OuterRef("pk"), key=order.removeprefix("config."))
        yield _direction(Subquery(params.values("number")[:1]), desc, nullable=True)
        yield _direction(Subquery(params.filter(number=None).values("text")[:1]), desc, nullable=True)


def _by_column(matches: Matches, column: str, desc: bool, ties: Sequence[OrderBy]) -> Iterator[Any]:
    runs = matches.runs.filter(**{f"{column}__isnull": False}) if column in NULLABLE else matches.runs
    yield runs.order_by(_direction(column, desc), *ties)


def _by_value(
    matches: Matches,
    model: type[RunMetric | RunParam],
    key: str,
    field: str,
    desc: bool,
    ties: Sequence[OrderBy],
    **only: bool,
) -> Any:
    """Return the runs with a value of that key in order: few runs are looked up one by one, for many the index is walked."""
    if matches.are_few:
        of_run = model.objects.filter(run=OuterRef("pk"), key=key, **only)
        valued = matches.runs.annotate(order_value=Subquery(of_run.values(field)[:1]))
        return valued.filter(order_value__isnull=False).order_by(_direction("order_value", desc), *ties)
    rows = model._meta.get_field("run").remote_field.related_name
    filters = {"root": matches.root, "key": key, f"{field}__isnull": False} | only
    filters |= matching_rows.range_of(
        matches.conditions, key, field
    )  # else what lies outside would be walked, and refused
    matching = matches.runs.filter(**{f"{rows}__{name}": value for name, value in filters.items()})
    *others, last = ties
    # The index ends in the run, and not in the key of its row.
    last = _direction(f"{rows}__run", last.descending)
    return matching.order_by(_direction(f"{rows}__{field}", desc), *others, last)


def _direction(value: str | Subquery, desc: bool, *, nullable: bool = False) -> OrderBy:
    return OrderBy(
        F(value) if isinstance(value, str) else value, descending=desc, nulls_last=nullable or None
    )
