"""Runs in the order of any column, metric or config value, a page at a time.

Runs without the value come last in both directions. That makes an order several lists one after another, each of
which is a range of an index: those that have the value, by it, and then the others. A page takes what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Exists, F, OuterRef, Subquery
from rest_framework.exceptions import ValidationError

from runs.models import RunMetric, RunParam, RunQuerySet
from runs.query import selectivity
from runs.query.matches import Matches
from runs.query.where import matching_rows

COLUMNS = {
    "created_at": "created",
    "updated_at": "updated",
    "status": "status",
    "name": "name",
    "project": "project",
    "best_metric_value": "best_metric_value",
    "duration": "duration",
}
NULLABLE = frozenset({"best_metric_value", "duration"})
AGGREGATES = {"best": "best", "last": "last", "min": "minimum", "max": "maximum"}


class UnknownOrder(ValidationError):
    """Unknown sort key."""

    def __init__(self, order: str) -> None:
        known = ", ".join([*COLUMNS, "metric.<name>.best|last|min|max", "config.<key>"])
        super().__init__({"order_by": [f"order_by must be one of {known}; not {order!r}"]})


class Ordered:
    """Runs in an order; slicing it returns a list.

    Ties are ordered by the keys of the rows, which ascend with the run ids of a store.
    """

    def __init__(self, matches: Matches, order: str = "created_at", *, desc: bool = True) -> None:
        self.desc = desc
        few = matches if order == "created_at" else selectivity.narrow(matches)
        self.parts = list(_parts(few, order, desc))

    def __getitem__(self, wanted: slice) -> list[Any]:
        start, stop = wanted.start or 0, wanted.stop
        found: list[Any] = []
        for part in self.parts:
            if stop is not None and stop <= start:
                break
            got = list(part[start:stop])
            found += got
            skipped = start + len(got) if got or start == 0 else min(start, part.order_by().count())
            start, stop = max(0, start - skipped), None if stop is None else stop - skipped
        return found

    def values_list(self, *fields: str) -> Ordered:
        """Return tuples of `fields` in the same order."""
        return self._with(lambda part: part.values_list(*fields))

    def only(self, *fields: str) -> Ordered:
        """Load only `fields` of the runs."""
        return self._with(lambda part: part.only(*fields))

    def _with(self, change: Callable[[Any], Any]) -> Ordered:
        changed = object.__new__(Ordered)
        changed.desc, changed.parts = self.desc, [change(part) for part in self.parts]
        return changed


def _parts(matches: Matches, order: str, desc: bool) -> Iterator[Any]:
    kind, _, rest = order.partition(".")
    if column := COLUMNS.get(order):
        yield from _by_column(matches.runs, column, desc)
    elif kind == "metric" and (name := rest.rpartition(".")) and name[0] and name[2] in AGGREGATES:
        yield from _by_metric(matches, name[0], AGGREGATES[name[2]], desc)
    elif kind == "config" and rest:
        yield from _by_param(matches, rest, desc)
    else:
        raise UnknownOrder(order)


def _by_column(runs: RunQuerySet, column: str, desc: bool) -> Iterator[Any]:
    if column not in NULLABLE:
        yield _sorted(runs, column, "id", desc=desc)
        return
    yield _sorted(runs.filter(**{f"{column}__isnull": False}), column, "id", desc=desc)
    yield _sorted(runs.filter(**{column: None}), "id", desc=desc)


def _by_metric(matches: Matches, name: str, figure: str, desc: bool) -> Iterator[Any]:
    yield _by_value(matches, RunMetric, name, figure, desc)
    missing = Exists(RunMetric.objects.filter(run=OuterRef("pk"), key=name, **{f"{figure}__isnull": False}))
    yield _sorted(matches.runs.filter(~missing), "id", desc=desc)


def _by_param(matches: Matches, key: str, desc: bool) -> Iterator[Any]:
    yield _by_value(matches, RunParam, key, "number", desc)
    yield _by_value(matches, RunParam, key, "text", desc, number__isnull=True)
    missing = Exists(RunParam.objects.filter(run=OuterRef("pk"), key=key))
    yield _sorted(matches.runs.filter(~missing), "id", desc=desc)


def _by_value(
    matches: Matches, model: type[RunMetric | RunParam], key: str, field: str, desc: bool, **only: bool
) -> Any:
    """Yield the runs with a value of that key in order: few runs are looked up one by one, for many the index is walked."""
    if matches.are_few:
        of_run = model.objects.filter(run=OuterRef("pk"), key=key, **only)
        valued = matches.runs.annotate(order_value=Subquery(of_run.values(field)[:1]))
        return _sorted(valued.filter(order_value__isnull=False), "order_value", "id", desc=desc)
    rows = model._meta.get_field("run").remote_field.related_name
    asked = {"root": matches.root, "key": key, f"{field}__isnull": False} | only
    asked |= matching_rows.range_of(
        matches.conditions, key, field
    )  # else what lies outside would be walked, and refused
    found = matches.runs.filter(**{f"{rows}__{name}": value for name, value in asked.items()})
    return _sorted(found, f"{rows}__{field}", f"{rows}__run", desc=desc)


def _sorted(runs: RunQuerySet, *fields: str, desc: bool) -> Any:
    return runs.order_by(*(F(field).desc() if desc else F(field).asc() for field in fields))
