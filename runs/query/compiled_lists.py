"""SQL of lists that is compiled once for each query.

Django builds and compiles a query anew for each request: two thirds of the time of a page. The SQL of most lists depends
on their parameters alone; that of searches and conditions depends on what the rows are, and is not kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection

from runicorn_site.web.readable import current
from runs.models import RunQuerySet, StorageRoot
from runs.query import counts, derived_metrics
from runs.query.matches import Matches
from runs.query.ordering import Ordered, metrics_of, ordered_by_query

MOST = 256
MOST_RESULTS = 200
"""Rows of which the results are remembered, each about 3 kB with its key."""
BY_ROWS = ("search", "where", "tags", "pinned_first")
"""Parameters for which the rows decide which SQL is fast."""
FILTERS = (
    *("project", "name", "status", "state"),
    *("created_after", "created_before", "best_metric_min", "best_metric_max"),
)
PARAMETERS = (*FILTERS, "include_deleted", "order_by", "order_desc", "sort")


class RememberedResults:
    """Results of a function of rows, remembered by their values: most rows of a list are those of its last request."""

    def __init__(self, function: Callable[[Sequence[Any]], Any]) -> None:
        self.function = function
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def of(self, row: Sequence[Any], convert: Callable[[Sequence[Any]], Sequence[Any]]) -> Any:
        """Return the result of a row; `convert` makes the values of fields from those of the database."""
        key = tuple(row)
        try:
            result = self._results.get(key)
        except TypeError:  # a value that the database driver has decoded
            return self.function(convert(row))
        if result is None:
            result = self._results[key] = self.function(convert(row))
            if len(self._results) > MOST_RESULTS:
                with suppress(KeyError):  # by other threads
                    self._results.popitem(last=False)
        return result


class ChangedRows:
    """Rows of a query as results of a function."""

    def __init__(self, rows: Any, function: Callable[[Sequence[Any]], Any]) -> None:
        self._rows, self._function = rows, function

    def __getitem__(self, window: slice) -> list[Any]:
        return list(map(self._function, self._rows[window]))

    def order_by(self) -> Any:
        """Return the query without an order, to be counted."""
        return self._rows.order_by()


class CompiledRows:
    """Rows of a query, whose slices are fetched by the same SQL."""

    def __init__(self, rows: Any, results: RememberedResults | None = None) -> None:
        self._rows, self._results = rows, results
        compiler = rows.query.get_compiler(connection=connection)
        try:
            self._sql, self._params = compiler.as_sql()
        except EmptyResultSet:  # Django knows that nothing can match
            self._sql, self._params = "", ()
            return
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        self._converters = list(compiler.get_converters(columns).items())

    def __getitem__(self, window: slice) -> list[Any]:
        if not self._sql:
            return []
        limit = f" LIMIT {window.stop - window.start}" if window.stop is not None else ""
        if window.start and not limit and connection.vendor == "sqlite":
            limit = " LIMIT -1"
        offset = f" OFFSET {window.start}" if window.start else ""
        with connection.cursor() as cursor:
            cursor.execute(self._sql + limit + offset, self._params)
            rows: list[Sequence[Any]] = cursor.fetchall()
        if self._results is not None:
            return [self._results.of(row, self._convert) for row in rows]
        return list(map(self._convert, rows)) if self._converters else rows

    def _convert(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for place, (functions, expression) in self._converters:
            for function in functions:
                values[place] = function(values[place], expression, connection)
        return values

    def order_by(self) -> Any:
        """Return the query without an order, to be counted."""
        return self._rows.order_by()


class CompiledCount:
    """Implementation of `counts.Counted`."""

    def __init__(self, runs: RunQuerySet) -> None:
        try:
            self._sql, self._params = runs.order_by().values("pk")[: counts.EXACT + 1].query.sql_with_params()
        except EmptyResultSet:
            self._sql, self._params = "", ()
        self.key = f"{self._sql} {self._params}"

    def count(self) -> int:
        if not self._sql:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM ({self._sql}) AS counted", self._params)
            return int(cursor.fetchone()[0])


class RunList(NamedTuple):
    """The runs that match a query.

    Attributes:
        matches: without an order.
        rows: in the order of the query.
        counted: their count, if it is compiled.
    """

    matches: Matches
    rows: Ordered
    counted: CompiledCount | None = None

    def capped(self) -> tuple[int, bool]:
        """Return the number of runs as `counts.capped` does."""
        return counts.capped(self.matches, compiled=self.counted)

    def total(self) -> int:
        """Return the exact number of runs as `counts.total` does."""
        count, is_capped = self.capped()
        return counts.total(self.matches) if is_capped else count


_lists: OrderedDict[Hashable, RunList] = OrderedDict()
_lock = threading.Lock()


def run_list(
    root: StorageRoot,
    query: Mapping[str, Any],
    fields: Sequence[str],
    matching: Callable[[], Matches],
    results: RememberedResults | None = None,
) -> RunList:
    """Return the runs of a valid `RunListQuery`, compiled unless their SQL depends on the rows.

    Args:
        root: their root.
        query: filters and order.
        fields: of the rows.
        matching: returns the matches of the query.
        results: of the values of `fields`; the list has them instead of the rows.

    Raises:
        UnknownOrder: `sort` or `order_by` is malformed.
    """
    derived_metrics.prepare(root, metrics_of(query))
    if not is_fixed(query):
        matches = matching()
        rows = ordered_by_query(matches, query).values_list(*fields)
        if results is not None:
            rows = rows.compiled(partial(ChangedRows, function=results.function))
        return RunList(matches, rows)
    values = tuple(_frozen(query.get(name)) for name in PARAMETERS)
    key = (connection.vendor, root.pk, current(), tuple(fields), results, values)
    with _lock:
        if (cached := _lists.get(key)) is not None:
            _lists.move_to_end(key)
            return cached
    matches = matching()
    rows = (
        ordered_by_query(matches, query).values_list(*fields).compiled(partial(CompiledRows, results=results))
    )
    fresh = RunList(matches, rows, CompiledCount(matches.runs))
    with _lock:
        _lists[key] = fresh
        while len(_lists) > MOST:
            _lists.popitem(last=False)
    return fresh


def is_fixed(query: Mapping[str, Any]) -> bool:
    """Return whether the SQL of a list depends on its parameters alone: see `selectivity.narrow`."""
    if any(query.get(name) for name in BY_ROWS) or (query.get("name") and not query.get("project")):
        return False
    by_time = query["order_by"] == "created_at" and not query.get("sort")
    return by_time or all(query.get(name) in (None, "", [], ()) for name in FILTERS)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
